#include "net/x509.h"

#include <string.h>

#include "base/clock.h"
#include "base/version.h"

#define MIN_RSA_BYTES 256
#define DAYS_TO_1970  719528 /* from the year 0, as BearSSL counts days */

static struct x509_judge *judge_of(const br_x509_class **context)
{
    return (struct x509_judge *)context;
}

static void on_start_chain(const br_x509_class **context, const char *server_name)
{
    struct x509_judge *judge = judge_of(context);
    (void)server_name;
    buf_clear(&judge->chain);
    judge->count = 0;
    judge->overflow = false;
}

static void on_start_cert(const br_x509_class **context, uint32_t length)
{
    struct x509_judge *judge = judge_of(context);
    if (judge->count == X509_CHAIN_CERTS || length > X509_CHAIN_BYTES - judge->chain.len)
        judge->overflow = true;
}

static void on_append(const br_x509_class **context, const unsigned char *data, size_t len)
{
    struct x509_judge *judge = judge_of(context);
    if (!judge->overflow)
        buf_add(&judge->chain, data, len);
}

static void on_end_cert(const br_x509_class **context)
{
    struct x509_judge *judge = judge_of(context);
    if (!judge->overflow)
        judge->ends[judge->count++] = judge->chain.len;
}

static struct slice certificate(const struct x509_judge *judge, size_t i)
{
    size_t start = i ? judge->ends[i - 1] : 0;
    return (struct slice){judge->chain.data + start, judge->ends[i] - start};
}

static const br_x509_pkey *on_get_pkey(const br_x509_class *const *context, unsigned *usages)
{
    const struct x509_judge *judge = (const struct x509_judge *)context;
    return judge->minimal.vtable->get_pkey(&judge->minimal.vtable, usages);
}

static unsigned run_minimal(struct x509_judge *judge)
{
    br_x509_minimal_context *minimal = &judge->minimal;
    br_x509_minimal_init(minimal, &br_sha256_vtable, judge->anchors.list, judge->anchors.count);
    br_x509_minimal_set_rsa(minimal, br_rsa_pkcs1_vrfy_get_default());
    br_x509_minimal_set_ecdsa(minimal, br_ec_get_default(), br_ecdsa_vrfy_asn1_get_default());
    br_x509_minimal_set_hash(minimal, br_sha256_ID, &br_sha256_vtable);
    br_x509_minimal_set_hash(minimal, br_sha384_ID, &br_sha384_vtable);
    br_x509_minimal_set_hash(minimal, br_sha512_ID, &br_sha512_vtable);
    br_x509_minimal_set_minrsa(minimal, MIN_RSA_BYTES);
    br_x509_minimal_set_time(minimal, (uint32_t)(judge->now / 86400 + DAYS_TO_1970), (uint32_t)(judge->now % 86400));
    minimal->vtable->start_chain(&minimal->vtable, NULL);
    for (size_t i = 0; i < judge->count; i++) {
        struct slice der = certificate(judge, i);
        minimal->vtable->start_cert(&minimal->vtable, (uint32_t)der.len);
        minimal->vtable->append(&minimal->vtable, (const unsigned char *)der.data, der.len);
        minimal->vtable->end_cert(&minimal->vtable);
    }
    return minimal->vtable->end_chain(&minimal->vtable);
}

/* The names that an anchor of this chain can have: each certificate's issuer, and its subject for direct trust. */
static struct anchor_names chain_names(const struct x509_judge *judge, struct slice names[static 2 * X509_CHAIN_CERTS])
{
    size_t count = 0;
    for (size_t i = 0; i < judge->count; i++) {
        struct cert cert;
        if (cert_parse(certificate(judge, i), &cert) < 0)
            continue;
        names[count++] = cert.issuer;
        names[count++] = cert.subject;
    }
    return (struct anchor_names){names, count};
}

static bool add_system_anchors(struct x509_judge *judge, struct anchor_names names)
{
    size_t before = judge->anchors.count;
    anchors_add_pem(&judge->arena, trust_system(judge->trust), names, judge->now, &judge->anchors);
    return judge->anchors.count > before;
}

static unsigned judge_chain(struct x509_judge *judge)
{
    struct slice list[2 * X509_CHAIN_CERTS];
    struct anchor_names names = chain_names(judge, list);
    judge->anchors = (struct anchor_set){.count = 0};
    if (judge->trust->of) {
        anchors_add_pem(&judge->arena, buf_view(&judge->trust->extra), names, judge->now, &judge->anchors);
        judge->trust = judge->trust->of;
    }
    if (judge->trust->file)
        anchors_add_pem(&judge->arena, buf_view(&judge->trust->pem), names, judge->now, &judge->anchors);
    else
        anchors_add_embedded(names, judge->now, &judge->anchors);
    unsigned status = run_minimal(judge);
    if (status != 0 && !judge->trust->file && add_system_anchors(judge, names))
        status = run_minimal(judge);
    return status;
}

static void say(struct x509_judge *judge, const char *cause, const char *hint)
{
    error_set(judge->error, REASON_TLS, judge->host, "its TLS certificate %s", cause);
    if (hint)
        error_hint(judge->error, "%s", hint);
}

static void say_expired(struct x509_judge *judge, const struct cert *leaf)
{
    char from[TIME_TEXT], to[TIME_TEXT], now[TIME_TEXT];
    time_iso(leaf->not_before, from);
    time_iso(leaf->not_after, to);
    time_iso(judge->now, now);
    if (judge->now < ECR_RELEASE_UNIX)
        say(judge, "cannot be checked",
            arena_printf(&judge->arena,
                         "the clock here is wrong: it says %s, which is before this program was made; set it", now));
    else if (judge->now > leaf->not_after)
        say(judge, arena_printf(&judge->arena, "ended on %s", to),
            arena_printf(&judge->arena, "the server needs a new one, or the clock here (%s) is wrong", now));
    else if (judge->now < leaf->not_before)
        say(judge, arena_printf(&judge->arena, "begins only on %s", from),
            arena_printf(&judge->arena, "the clock here (%s) is likely wrong", now));
    else
        say(judge, "was issued under a certificate that has ended or has not begun",
            "the server must send a valid intermediate certificate");
}

static void say_untrusted(struct x509_judge *judge, const struct cert *leaf)
{
    bool self_signed = slice_equal(leaf->issuer, leaf->subject);
    char *issuer = cert_common_name(&judge->arena, leaf->issuer);
    char *cause = self_signed
                      ? arena_strdup(&judge->arena, "is self-signed and not among the trusted ones")
                      : arena_printf(&judge->arena, "was issued by '%s', which no trusted root stands behind", issuer);
    if (judge->anchors.expired)
        cause = arena_printf(&judge->arena, "was issued under a root that has ended ('%s')", issuer);
    say(judge, cause,
        judge->trust->file
            ? arena_printf(&judge->arena, "only the certificates in %s are trusted in this run", judge->trust->file)
            : "if that is your company's proxy or registry, name its CA file with --ca-file or AWS_CA_BUNDLE");
}

static void say_status(struct x509_judge *judge, const struct cert *leaf, unsigned status)
{
    switch (status) {
    case BR_ERR_X509_EXPIRED:
        say_expired(judge, leaf);
        break;
    case BR_ERR_X509_NOT_TRUSTED:
    case BR_ERR_X509_BAD_SIGNATURE:
        say_untrusted(judge, leaf);
        break;
    case BR_ERR_X509_UNSUPPORTED:
    case BR_ERR_X509_WRONG_KEY_TYPE:
        say(judge, "uses a kind of key or signature that is not supported here (Ed25519, RSA-PSS, SHA-1)",
            "the server needs one with RSA (PKCS#1) or ECDSA and SHA-256 or better");
        break;
    case BR_ERR_X509_CRITICAL_EXTENSION:
        say(judge, "or one above it has a critical extension that is not supported here (name constraints, policies)",
            NULL);
        break;
    case BR_ERR_X509_WEAK_PUBLIC_KEY:
        say(judge, "or one above it has an RSA key of less than 2048 bits", NULL);
        break;
    case BR_ERR_X509_DN_MISMATCH:
        say(judge, "comes with others that do not form a chain", "the server must send its chain in order");
        break;
    case BR_ERR_X509_NOT_CA:
        say(judge, "was issued by a certificate that may not issue any", NULL);
        break;
    default:
        say(judge, arena_printf(&judge->arena, "or one above it is malformed (X.509 error %u)", status), NULL);
    }
}

static unsigned check_leaf(struct x509_judge *judge, const struct cert *leaf)
{
    if (!cert_matches(leaf, judge->host, judge->ip)) {
        say(judge, arena_printf(&judge->arena, "is for %s, not for this host", cert_names(&judge->arena, leaf)),
            "check the address, and whether a proxy stands in between");
        return BR_ERR_X509_BAD_SERVER_NAME;
    }
    if (leaf->has_usages && !leaf->for_servers) {
        say(judge, "is not meant for servers (extended key usage without serverAuth)", NULL);
        return BR_ERR_X509_FORBIDDEN_KEY_USAGE;
    }
    return 0;
}

static bool is_anchor_name(const struct x509_judge *judge, struct slice name)
{
    for (size_t i = 0; i < judge->anchors.count; i++) {
        br_x500_name dn = judge->anchors.list[i].dn;
        if (slice_equal(name, (struct slice){(const char *)dn.data, dn.len}))
            return true;
    }
    return false;
}

/* A certificate that may issue, but not for servers, is no link to a server; the path ends below the anchor. */
static unsigned check_issuers(struct x509_judge *judge)
{
    struct cert cert = {.is_ca = false};
    for (size_t i = 0; i < judge->count && !is_anchor_name(judge, cert.issuer); i++) {
        if (cert_parse(certificate(judge, i), &cert) < 0 || (i > 0 && cert.has_usages && !cert.for_servers)) {
            say(judge, "was issued by a certificate that is not meant for servers (extended key usage)", NULL);
            return BR_ERR_X509_FORBIDDEN_KEY_USAGE;
        }
    }
    return 0;
}

static unsigned on_end_chain(const br_x509_class **context)
{
    struct x509_judge *judge = judge_of(context);
    struct cert leaf;
    if (judge->overflow || judge->count == 0) {
        say(judge, "chain is empty or too long", NULL);
        return BR_ERR_X509_LIMIT_EXCEEDED;
    }
    if (cert_parse(certificate(judge, 0), &leaf) < 0) {
        say(judge, "is malformed", NULL);
        return BR_ERR_X509_INVALID_VALUE;
    }
    unsigned status = judge_chain(judge);
    if (status)
        say_status(judge, &leaf, status);
    else
        status = check_leaf(judge, &leaf);
    return status ? status : check_issuers(judge);
}

static const br_x509_class judge_class = {
    sizeof(struct x509_judge), on_start_chain, on_start_cert, on_append, on_end_cert, on_end_chain, on_get_pkey,
};

void x509_judge_init(struct x509_judge *judge, struct trust *trust, const char *host, bool ip, struct error *error)
{
    *judge = (struct x509_judge){.vtable = &judge_class,
                                 .trust = trust,
                                 .host = host,
                                 .ip = ip,
                                 .now = clock_unix(),
                                 .error = error,
                                 .chain = BUF_INIT};
}

bool x509_judge_leaf(const struct x509_judge *judge, struct cert *leaf)
{
    return judge->count > 0 && cert_parse(certificate(judge, 0), leaf) == 0;
}

void x509_judge_free(struct x509_judge *judge)
{
    buf_free(&judge->chain);
    arena_free(&judge->arena);
}
