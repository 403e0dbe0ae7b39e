#ifndef ECR_NET_TLS_H
#define ECR_NET_TLS_H

#include "net/stream.h"

/*
 * TLS 1.2 on BearSSL's engine, driven by a pump of our own: stream.c alone calls this. The profile: ECDHE with AEAD
 * suites, AES-GCM first where the CPU has AES and ChaCha20 first where not, SHA-256 and better, no renegotiation,
 * entropy from the kernel mixed in.
 */

/* NULL with `error` when the kernel gives no entropy. `error` is also where the certificate's judge writes. */
struct tls *tls_new(struct trust *trust, const struct identity *identity, const char *host, bool ip,
                    struct error *error);
int tls_handshake(struct stream *stream, int64_t deadline, struct error *error);
enum stream_event tls_transfer(struct stream *stream, struct slice *out, char *in, size_t size, size_t *got,
                               int64_t deadline, struct error *error);
bool tls_is_quiet(const struct tls *tls); /* no data is decrypted and waiting, and the session goes on */
void tls_certificate(const struct tls *tls, struct arena *arena, const char **issuer, int64_t *not_after);
void tls_free(struct stream *stream);

#endif
