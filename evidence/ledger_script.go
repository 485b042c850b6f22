package evidence

import _ "embed"

// VerifyScript is a POSIX shell script that checks numbering, chain, signatures and both pins of a
// ledger's folder with nothing but sha256sum and openssl. It goes into packages for auditors.
//
//go:embed verify-ledger.sh
var VerifyScript string
