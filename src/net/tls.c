#include "net/tls.h"

#include <bearssl_ssl.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "net/aes_arm.h"
#include "net/tls_error.h"
#include "net/x509.h"

#define SEED_BYTES 32

struct tls {
    br_ssl_client_context client;
    struct x509_judge judge;
    struct error judge_error; /* what the judge found; its texts live in the connection's error arena */
    unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
};

static const uint16_t suites_gcm_first[] = {
    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,       BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,       BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
};

static const uint16_t suites_chacha_first[] = {
    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,       BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,       BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

static bool cpu_has_aes(void)
{
    return br_aes_x86ni_ctr_get_vtable() != NULL || (aes_arm_ctr() && aes_arm_ghash());
}

static void set_aes_gcm(br_ssl_engine_context *engine)
{
    br_ssl_engine_set_default_aes_gcm(engine);
    if (!aes_arm_ctr() || !aes_arm_ghash())
        return;
    br_ssl_engine_set_aes_ctr(engine, aes_arm_ctr());
    br_ssl_engine_set_ghash(engine, aes_arm_ghash());
}

static void set_profile(br_ssl_client_context *client)
{
    br_ssl_engine_context *engine = &client->eng;
    br_ssl_client_zero(client);
    br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
    if (cpu_has_aes())
        br_ssl_engine_set_suites(engine, suites_gcm_first, sizeof suites_gcm_first / sizeof *suites_gcm_first);
    else
        br_ssl_engine_set_suites(engine, suites_chacha_first, sizeof suites_chacha_first / sizeof *suites_chacha_first);
    set_aes_gcm(engine);
    br_ssl_engine_set_default_chapol(engine);
    br_ssl_engine_set_default_ec(engine);
    br_ssl_engine_set_default_ecdsa(engine);
    br_ssl_engine_set_default_rsavrfy(engine);
    br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
    br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
    br_ssl_engine_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
    br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
    br_ssl_engine_set_prf_sha384(engine, &br_tls12_sha384_prf);
    br_ssl_engine_add_flags(engine, BR_OPT_NO_RENEGOTIATION);
}

static void set_identity(br_ssl_client_context *client, const struct identity *identity)
{
    if (identity->key.key_type == BR_KEYTYPE_RSA)
        br_ssl_client_set_single_rsa(client, identity->chain, identity->count, &identity->key.key.rsa,
                                     br_rsa_pkcs1_sign_get_default());
    else
        br_ssl_client_set_single_ec(client, identity->chain, identity->count, &identity->key.key.ec, BR_KEYTYPE_SIGN,
                                    BR_KEYTYPE_EC, br_ec_get_default(), br_ecdsa_sign_asn1_get_default());
}

/* BearSSL trusts RDRAND alone where it finds it; the kernel's bytes are mixed in, so that a broken one does no harm. */
static int inject_entropy(br_ssl_engine_context *engine, struct error *error)
{
    unsigned char seed[SEED_BYTES];
    if (getentropy(seed, sizeof seed) < 0)
        return error_set(error, REASON_TLS, "getrandom", "the kernel gives no random bytes: %s", strerror(errno));
    br_ssl_engine_inject_entropy(engine, seed, sizeof seed);
    explicit_bzero(seed, sizeof seed);
    return 0;
}

struct tls *tls_new(struct trust *trust, const struct identity *identity, const char *host, bool ip,
                    struct error *error)
{
    struct tls *tls = must_alloc(sizeof *tls);
    error_init(&tls->judge_error, error->arena);
    set_profile(&tls->client);
    x509_judge_init(&tls->judge, trust, host, ip, &tls->judge_error);
    br_ssl_engine_set_x509(&tls->client.eng, &tls->judge.vtable);
    br_ssl_engine_set_buffer(&tls->client.eng, tls->buffer, sizeof tls->buffer, 1);
    if (identity)
        set_identity(&tls->client, identity);
    if (inject_entropy(&tls->client.eng, error) < 0) {
        wipe_free(tls, sizeof *tls);
        return NULL;
    }
    /* An address is no server name (RFC 6066 section 3): none is sent. */
    br_ssl_client_reset(&tls->client, ip ? NULL : host, 0);
    return tls;
}

/* Sends what records there are. False when the socket takes nothing now. */
static bool push_records(struct stream *stream)
{
    br_ssl_engine_context *engine = &stream->tls->client.eng;
    size_t len;
    const unsigned char *data = br_ssl_engine_sendrec_buf(engine, &len);
    if (stream->send_failed) { /* nobody reads them any more, but what was sent to us before is still of use */
        br_ssl_engine_sendrec_ack(engine, len);
        return true;
    }
    ssize_t sent = send(stream->fd, data, len, MSG_NOSIGNAL);
    if (sent < 0 && stream_would_block())
        return false;
    if (sent < 0)
        stream->send_failed = true;
    else
        br_ssl_engine_sendrec_ack(engine, (size_t)sent);
    return true;
}

enum pump { PUMP_IDLE, PUMP_MOVED, PUMP_END };

/* Takes what bytes there are. */
static enum pump pull_records(struct stream *stream)
{
    br_ssl_engine_context *engine = &stream->tls->client.eng;
    size_t len;
    unsigned char *data = br_ssl_engine_recvrec_buf(engine, &len);
    ssize_t got = recv(stream->fd, data, len, 0);
    if (got < 0 && stream_would_block())
        return PUMP_IDLE;
    if (got <= 0)
        return PUMP_END;
    br_ssl_engine_recvrec_ack(engine, (size_t)got);
    return PUMP_MOVED;
}

/* Moves records both ways as far as the socket allows now. */
static enum pump pump_records(struct stream *stream, unsigned state)
{
    bool pushed = (state & BR_SSL_SENDREC) && push_records(stream);
    enum pump pulled = (state & BR_SSL_RECVREC) ? pull_records(stream) : PUMP_IDLE;
    if (pulled == PUMP_END)
        return PUMP_END;
    return pushed || pulled == PUMP_MOVED ? PUMP_MOVED : PUMP_IDLE;
}

/* Waits until the socket is ready for what the engine wants. False when the deadline passed. */
static bool wait_ready(struct stream *stream, unsigned state, int64_t deadline)
{
    struct pollfd poll_fd = {.fd = stream->fd};
    poll_fd.events = (short)((state & BR_SSL_SENDREC ? POLLOUT : 0) | (state & BR_SSL_RECVREC ? POLLIN : 0));
    return poll(&poll_fd, 1, deadline_poll(deadline)) != 0 || !deadline_passed(deadline);
}

static int engine_failed(struct stream *stream, struct error *error)
{
    struct tls *tls = stream->tls;
    if (!*tls->judge_error.cause)
        return tls_error_set(error, stream->name, br_ssl_engine_last_error(&tls->client.eng));
    *error = tls->judge_error;
    return -1;
}

int tls_handshake(struct stream *stream, int64_t deadline, struct error *error)
{
    for (;;) {
        unsigned state = br_ssl_engine_current_state(&stream->tls->client.eng);
        if (state & BR_SSL_CLOSED)
            return engine_failed(stream, error);
        if (state & (BR_SSL_SENDAPP | BR_SSL_RECVAPP))
            return 0;
        enum pump moved = pump_records(stream, state);
        if (moved == PUMP_END)
            return error_set(error, REASON_UNREACHABLE, stream->name,
                             "the connection was closed during the TLS handshake");
        if (moved == PUMP_IDLE && !wait_ready(stream, state, deadline))
            return error_set(error, REASON_TIMEOUT, stream->name, "the TLS handshake was not answered in time");
    }
}

static size_t take_data(br_ssl_engine_context *engine, char *in, size_t size)
{
    size_t len;
    const unsigned char *data = br_ssl_engine_recvapp_buf(engine, &len);
    if (len > size)
        len = size;
    memcpy(in, data, len);
    br_ssl_engine_recvapp_ack(engine, len);
    return len;
}

static void give_data(br_ssl_engine_context *engine, struct slice *out)
{
    size_t room;
    unsigned char *data = br_ssl_engine_sendapp_buf(engine, &room);
    if (room > out->len)
        room = out->len;
    memcpy(data, out->data, room);
    br_ssl_engine_sendapp_ack(engine, room);
    *out = slice_from(*out, room);
    if (out->len == 0)
        br_ssl_engine_flush(engine, 0);
}

enum stream_event tls_transfer(struct stream *stream, struct slice *out, char *in, size_t size, size_t *got,
                               int64_t deadline, struct error *error)
{
    br_ssl_engine_context *engine = &stream->tls->client.eng;
    bool sending = out->len > 0;
    for (;;) {
        unsigned state = br_ssl_engine_current_state(engine);
        if (state & BR_SSL_RECVAPP) {
            *got = take_data(engine, in, size);
            return STREAM_DATA;
        }
        if (state & BR_SSL_CLOSED)
            return br_ssl_engine_last_error(engine) == 0 ? STREAM_END : (enum stream_event)engine_failed(stream, error);
        if (stream->send_failed)
            *out = (struct slice){NULL, 0};
        if ((state & BR_SSL_SENDAPP) && out->len) {
            give_data(engine, out);
            continue;
        }
        enum pump moved = pump_records(stream, state);
        if (moved == PUMP_END)
            return STREAM_CUT;
        if (moved == PUMP_MOVED)
            continue;
        if (sending && out->len == 0 && !(state & BR_SSL_SENDREC) && !stream->send_failed)
            return STREAM_SENT;
        if (!wait_ready(stream, state, deadline))
            return STREAM_TIMEOUT;
    }
}

bool tls_is_quiet(const struct tls *tls)
{
    return !(br_ssl_engine_current_state(&tls->client.eng) & (BR_SSL_RECVAPP | BR_SSL_CLOSED));
}

void tls_certificate(const struct tls *tls, struct arena *arena, const char **issuer, int64_t *not_after)
{
    struct cert leaf;
    if (!x509_judge_leaf(&tls->judge, &leaf))
        return;
    *issuer = cert_common_name(arena, leaf.issuer);
    *not_after = leaf.not_after;
}

void tls_free(struct stream *stream)
{
    struct tls *tls = stream->tls;
    br_ssl_engine_context *engine = &tls->client.eng;
    br_ssl_engine_close(engine);
    if (br_ssl_engine_current_state(engine) & BR_SSL_SENDREC)
        push_records(stream);
    x509_judge_free(&tls->judge);
    wipe_free(tls, sizeof *tls);
    stream->tls = NULL;
}
