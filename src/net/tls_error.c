#include "net/tls_error.h"

#include <bearssl_ssl.h>
#include <stddef.h>

/* Alert numbers of RFC 5246 section 7.2 and RFC 8446 section 6. */
enum {
    ALERT_HANDSHAKE_FAILURE = 40,
    ALERT_BAD_CERTIFICATE = 42,
    ALERT_CERTIFICATE_UNKNOWN = 46,
    ALERT_UNKNOWN_CA = 48,
    ALERT_PROTOCOL_VERSION = 70,
    ALERT_INSUFFICIENT_SECURITY = 71,
    ALERT_UNRECOGNIZED_NAME = 112,
    ALERT_CERTIFICATE_REQUIRED = 116
};

static const char no_common_suite[] =
    "the server shares no cipher suite with us: here TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305 is spoken";
static const char not_tls[] = "what answers there does not speak TLS";
static const char client_certificate[] = "the server does not accept our client certificate, or wants one";

static const struct {
    int first, last;
    const char *text;
} texts[] = {
    {BR_ERR_RECV_FATAL_ALERT + ALERT_PROTOCOL_VERSION, BR_ERR_RECV_FATAL_ALERT + ALERT_PROTOCOL_VERSION,
     "the server wants another version of TLS; here 1.2 alone is spoken"},
    {BR_ERR_RECV_FATAL_ALERT + ALERT_HANDSHAKE_FAILURE, BR_ERR_RECV_FATAL_ALERT + ALERT_HANDSHAKE_FAILURE,
     no_common_suite},
    {BR_ERR_RECV_FATAL_ALERT + ALERT_INSUFFICIENT_SECURITY, BR_ERR_RECV_FATAL_ALERT + ALERT_INSUFFICIENT_SECURITY,
     no_common_suite},
    {BR_ERR_RECV_FATAL_ALERT + ALERT_BAD_CERTIFICATE, BR_ERR_RECV_FATAL_ALERT + ALERT_CERTIFICATE_UNKNOWN,
     client_certificate},
    {BR_ERR_RECV_FATAL_ALERT + ALERT_UNKNOWN_CA, BR_ERR_RECV_FATAL_ALERT + ALERT_UNKNOWN_CA, client_certificate},
    {BR_ERR_RECV_FATAL_ALERT + ALERT_CERTIFICATE_REQUIRED, BR_ERR_RECV_FATAL_ALERT + ALERT_CERTIFICATE_REQUIRED,
     client_certificate},
    {BR_ERR_RECV_FATAL_ALERT + ALERT_UNRECOGNIZED_NAME, BR_ERR_RECV_FATAL_ALERT + ALERT_UNRECOGNIZED_NAME,
     "the server does not know this host name"},
    {BR_ERR_UNSUPPORTED_VERSION, BR_ERR_BAD_LENGTH, not_tls},
    {BR_ERR_UNKNOWN_TYPE, BR_ERR_UNKNOWN_TYPE, not_tls},
    {BR_ERR_BAD_MAC, BR_ERR_BAD_MAC, "a TLS record was damaged on the way"},
    {BR_ERR_BAD_SIGNATURE, BR_ERR_BAD_SIGNATURE, "the server could not prove that it holds its certificate's key"},
    {BR_ERR_WRONG_KEY_USAGE, BR_ERR_WRONG_KEY_USAGE, "the server's certificate may not be used for this key exchange"},
};

int tls_error_set(struct error *error, const char *host, int code)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (code >= texts[i].first && code <= texts[i].last)
            return error_set(error, REASON_TLS, host, "TLS failed: %s", texts[i].text);
    if (code >= BR_ERR_SEND_FATAL_ALERT)
        return error_set(error, REASON_TLS, host, "TLS failed: the server broke the protocol (alert %d sent)",
                         code - BR_ERR_SEND_FATAL_ALERT);
    if (code >= BR_ERR_RECV_FATAL_ALERT)
        return error_set(error, REASON_TLS, host, "TLS failed: the server broke off (alert %d)",
                         code - BR_ERR_RECV_FATAL_ALERT);
    return error_set(error, REASON_TLS, host, "TLS failed: the server broke the protocol (error %d)", code);
}
