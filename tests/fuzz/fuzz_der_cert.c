/* Certificates: slices lie in the DER, and nobody is matched who is not named. */
#include "fuzz.h"
#include "net/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice der = input(data, size);
    struct cert cert;
    br_x509_pkey key;
    if (cert_parse(der, &cert) == 0) {
        MUST(within(cert.subject, der) && within(cert.issuer, der) && within(cert.key_info, der) &&
            within(cert.alt_names, der));
        MUST(!cert.for_servers || cert.has_usages);
        if (cert_key(cert.key_info, &key) == 0 && key.key_type == BR_KEYTYPE_RSA) {
            struct slice modulus = {(const char *)key.key.rsa.n, key.key.rsa.nlen},
                exponent = {(const char *)key.key.rsa.e, key.key.rsa.elen};
            MUST(within(modulus, der) && within(exponent, der) && modulus.data[0] != 0 && exponent.data[0] != 0);
        } else if (cert_key(cert.key_info, &key) == 0) {
            struct slice point = {(const char *)key.key.ec.q, key.key.ec.qlen};
            MUST(key.key_type == BR_KEYTYPE_EC && point.len > 0 && within(point, der));
        }
        const char *names = cert_names(&arena, &cert);
        MUST(*names || cert.has_alt_names);
        cert_common_name(&arena, cert.subject);
        cert_common_name(&arena, cert.issuer);
        if (cert_matches(&cert, "a.example.test", false))
            MUST(slice_has_nocase(cert.alt_names, "a.example.test") ||
                slice_has_nocase(cert.alt_names, "*.example.test"));
        if (cert_matches(&cert, "192.0.2.1", true))
            MUST(slice_has(cert.alt_names, "\xc0") && cert.has_alt_names);
        MUST(!cert_matches(&cert, "192.0.2.1", false) || slice_has(cert.alt_names, "192.0.2.1"));
        MUST(!cert_matches(&cert, "a.test", false) || slice_has_nocase(cert.alt_names, "a.test"));
    }
    cert_key(der, &key);
    cert_common_name(&arena, der);
    arena_free(&arena);
    return 0;
}
