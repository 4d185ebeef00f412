#!/bin/sh
# Makes the certificates of this folder anew; needs openssl 3. See README.md.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

cat > "$work/ca.cnf" <<END
[ca]
default_ca = authority
[authority]
new_certs_dir = $work
database = $work/index
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
END
: > "$work/index"

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# sign FILE KEY NAME EXTENSIONS [FIRST DAY, LAST DAY] [-selfsign]
sign() {
  printf '%b\n' "$4" > "$work/extensions.cnf"
  openssl req -new -key "$2" -subj "/CN=$3" -out "$work/request.csr"
  openssl ca -batch -notext -config "$work/ca.cnf" -extfile "$work/extensions.cnf" -in "$work/request.csr" -out "$1" \
    -startdate "${5:-20240101000000Z}" -enddate "${6:-21240101000000Z}" $7
}
by_authority="-cert ca.pem -keyfile $work/ca-key.pem"
always="20240101000000Z"
forever="21240101000000Z"

key "$work/ca-key.pem"
sign ca.pem "$work/ca-key.pem" "Sidetone test authority" "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash" $always $forever "-selfsign -keyfile $work/ca-key.pem"

key server-key.pem
sign server.pem server-key.pem pbx.sidetone.test "subjectAltName=DNS:pbx.sidetone.test,DNS:localhost,IP:127.0.0.1,IP:::1" $always $forever "$by_authority"
sign elsewhere.pem server-key.pem elsewhere.sidetone.test "subjectAltName=DNS:elsewhere.sidetone.test" $always $forever "$by_authority"
sign sip-domain.pem server-key.pem x "subjectAltName=URI:sip:uri.sidetone.test,URI:sip:someone@person.sidetone.test" $always $forever "$by_authority"
sign expired.pem server-key.pem pbx.sidetone.test "subjectAltName=DNS:pbx.sidetone.test,IP:127.0.0.1" 20200101000000Z 20200201000000Z "$by_authority"
sign self-signed.pem server-key.pem pbx.sidetone.test "subjectAltName=DNS:pbx.sidetone.test,IP:127.0.0.1" $always $forever "-selfsign -keyfile server-key.pem"

key client-key.pem
sign client.pem client-key.pem alice.sidetone.test "subjectAltName=DNS:alice.sidetone.test,IP:127.0.0.1" $always $forever "$by_authority"
openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 2048 -in client-key.pem -passout pass:open-sesame -out client-key-locked.pem
