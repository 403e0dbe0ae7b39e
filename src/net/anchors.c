#include "net/anchors.h"

#include "base/file.h"
#include "net/cert.h"
#include "net/pem.h"
#include "net/roots.h"

static bool names_hold(struct anchor_names names, struct slice subject)
{
    for (size_t i = 0; i < names.count; i++)
        if (slice_equal(names.list[i], subject))
            return true;
    return false;
}

static void add(struct anchor_set *set, struct slice subject, struct slice key_info, bool is_ca)
{
    br_x509_trust_anchor anchor = {0};
    if (set->count == ANCHORS_MAX || cert_key(key_info, &anchor.pkey) < 0)
        return;
    anchor.dn.data = (unsigned char *)(uintptr_t)subject.data;
    anchor.dn.len = subject.len;
    anchor.flags = is_ca ? BR_X509_TA_CA : 0;
    set->list[set->count++] = anchor;
}

static uint64_t take_number(struct slice *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes && i < in->len; i++)
        value = value << 8 | (uint8_t)in->data[i];
    *in = slice_from(*in, bytes);
    return value;
}

static struct slice take_block(struct slice *in)
{
    size_t len = (size_t)take_number(in, 2);
    struct slice block = slice_head(*in, len);
    *in = slice_from(*in, len);
    return block;
}

void anchors_add_embedded(struct anchor_names names, int64_t now, struct anchor_set *set)
{
    struct slice table = {(const char *)net_roots, net_roots_len};
    while (table.len) {
        int64_t not_after = (int64_t)take_number(&table, 8);
        struct slice subject = take_block(&table);
        struct slice key_info = take_block(&table);
        if (!names_hold(names, subject))
            continue;
        if (not_after < now)
            set->expired = true;
        else
            add(set, subject, key_info, true);
    }
}

/* A "TRUSTED CERTIFICATE" of OpenSSL has a list behind it of what it is not trusted for, which is not read here. */
static bool is_plain_certificate(struct slice label)
{
    return slice_is(label, "CERTIFICATE") || slice_is(label, "X509 CERTIFICATE");
}

size_t anchors_add_pem(struct arena *arena, struct slice pem, struct anchor_names names, int64_t now,
                       struct anchor_set *set)
{
    struct buf der = BUF_INIT;
    struct slice label;
    size_t certificates = 0;
    for (int got = pem_next(&pem, &label, &der); got != 0; got = pem_next(&pem, &label, &der)) {
        struct cert cert;
        if (got < 0 || !is_plain_certificate(label) || cert_parse(buf_view(&der), &cert) < 0)
            continue;
        certificates++;
        if (!names_hold(names, cert.subject))
            continue;
        if (cert.not_after < now)
            set->expired = true;
        else
            add(set, arena_slice(arena, cert.subject), arena_slice(arena, cert.key_info), cert.is_ca);
    }
    buf_free(&der);
    return certificates;
}

bool anchors_read_system(struct buf *pem)
{
    static const char *const places[] = {
        "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Alpine, Arch, Gentoo */
        "/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL 6, Amazon Linux */
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* RHEL 7 and later */
        "/etc/ssl/ca-bundle.pem",                            /* SUSE */
        "/etc/ssl/cert.pem",                                 /* Alpine */
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (file_read(places[i], ANCHOR_FILE_MAX, pem) == 0)
            return true;
    return false;
}
