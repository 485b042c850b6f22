#!/bin/sh
# Checks a ledger with sha256sum and openssl alone.
#
#   sh verify-ledger.sh PUBLIC_KEY.pem LEDGER_FOLDER [GENESIS_SHA256 [N:SHA256]]
#
# The public key, the sha256 of entry 0 and a head N:SHA256 seen earlier must come by another road than
# the ledger. Exit 0: unbroken. Exit 4: broken, and each line says where.
key=$1 dir=$2 genesis=$3 head=$4
if [ ! -f "$key" ] || [ ! -d "$dir" ]; then
	echo "usage: sh verify-ledger.sh PUBLIC_KEY.pem LEDGER_FOLDER [GENESIS_SHA256 [N:SHA256]]" >&2
	exit 2
fi

bad=0
broken() { echo "BROKEN: entry $1 $2"; bad=1; }
field() { sed -n "s/^  \"$2\": \"\{0,1\}\([0-9a-f]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$1"; }

n=0 before=
for file in "$dir"/[0-9]*.json; do
	[ -f "$file" ] || break
	name=$(basename "$file" .json)
	while [ "$name" != "$(printf %010d "$n")" ]; do
		broken "$n" "is missing"
		n=$((n + 1)) before=unknown
		[ "$n" -lt 9999999999 ] && [ "$name" \> "$(printf %010d $((n - 1)))" ] 2>/dev/null || { broken "$n" "cannot be numbered: $file"; exit 4; }
	done
	sum=$(sha256sum <"$file" | cut -c1-64)
	short=$(printf %s "$sum" | cut -c1-16)
	openssl dgst -sha256 -verify "$key" -signature "$dir/$name.$short.sig" "$file" >/dev/null 2>&1 ||
		broken "$n" "has no valid signature"
	[ "$(field "$file" sequence)" = "$n" ] || broken "$n" "says it is entry $(field "$file" sequence)"
	[ "$before" = unknown ] || [ "$(field "$file" previous_sha256)" = "$before" ] ||
		broken "$n" "does not follow from the entry before it"
	if [ "$n" = 0 ] && [ -n "$genesis" ] && [ "$sum" != "$genesis" ]; then
		broken 0 "is not the expected genesis"
	fi
	if [ "${head%%:*}" = "$n" ] && [ "${head#*:}" != "$sum" ]; then
		broken "$n" "is not the one seen earlier"
	fi
	before=$sum n=$((n + 1))
done

[ "$n" -gt 0 ] || broken 0 "is missing: there is no ledger"
if [ -n "$head" ] && [ "${head%%:*}" -ge "$n" ]; then
	broken "${head%%:*}" "is missing: the tail was cut off"
fi
[ "$bad" = 0 ] || exit 4
echo "OK: $n entries, head $((n - 1)):$before"
