// Package evidence is what an auditor trusts: keys, signatures, reports, the ledger, and how each is
// checked. It imports nothing of Kafka, of the network, or of the screen; stores are reached through
// the three methods of Store.
//
// Start with PutSigned and GetVerified: every document of kustody is put once, as the exact bytes that
// were signed, the signature before the body. A Report is the evidence of one validation. The Ledger
// is the hash-chained list of everything that matters; Verify checks all of it from a public key that
// came by another road. Schedule and Slots tell what should have happened, so that what is missing
// shows.
//
// Nothing here needs kustody to be checked: signatures are ECDSA P-256 over the sha256 of the file's
// bytes, as `openssl dgst -sha256 -verify` reads them, and the chain is the output of `sha256sum`.
package evidence

import "time"

// Format is the number in the "format" member of every document this version writes. A released
// number stays readable and verifiable for ever.
const Format = 1

// MaxDocument bounds what is read of one signed document, in bytes.
const MaxDocument = 256 << 20

// Clock tells the time. It is injected wherever time matters, so that tests can hold it.
type Clock func() time.Time
