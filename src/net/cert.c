#include "net/cert.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/addr.h"

#define TAG_VERSION    0xa0
#define TAG_EXTENSIONS 0xa3
#define NAME_DNS       0x82 /* GeneralName, RFC 5280 section 4.2.1.6 */
#define NAME_IP        0x87
#define NAMES_SHOWN    5

#define OID_COMMON_NAME       "\x55\x04\x03"
#define OID_ALT_NAME          "\x55\x1d\x11"
#define OID_BASIC_CONSTRAINTS "\x55\x1d\x13"
#define OID_EXTENDED_USAGE    "\x55\x1d\x25"
#define OID_ANY_USAGE         "\x55\x1d\x25\x00"
#define OID_SERVER_AUTH       "\x2b\x06\x01\x05\x05\x07\x03\x01"
#define OID_RSA               "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"
#define OID_EC                "\x2a\x86\x48\xce\x3d\x02\x01"
#define OID_P256              "\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define OID_P384              "\x2b\x81\x04\x00\x22"
#define OID_P521              "\x2b\x81\x04\x00\x23"
#define IS_OID(element, oid)  der_is_oid(element, oid, sizeof(oid) - 1)

static bool two_digits(struct slice *text, int *value)
{
    uint64_t number;
    if (text->len < 2 || !slice_number(slice_head(*text, 2), 99, &number))
        return false;
    *text = slice_from(*text, 2);
    *value = (int)number;
    return true;
}

/* UTCTime "YYMMDDhhmmssZ" and GeneralizedTime "YYYYMMDDhhmmssZ", as RFC 5280 section 4.1.2.5 restricts them. */
static bool parse_time(const struct der *element, int64_t *seconds)
{
    struct slice text = element->content;
    int century = 0, year, month, day, hour, minute, second;
    bool utc = element->tag == DER_UTC_TIME;
    if (!utc && (element->tag != DER_GENERALIZED_TIME || !two_digits(&text, &century)))
        return false;
    if (!two_digits(&text, &year) || !two_digits(&text, &month) || !two_digits(&text, &day) ||
        !two_digits(&text, &hour) || !two_digits(&text, &minute) || !two_digits(&text, &second) || !slice_is(text, "Z"))
        return false;
    year += utc ? (year < 50 ? 2000 : 1900) : century * 100;
    *seconds = time_from_utc(year, month, day, hour, minute, second);
    return true;
}

static bool parse_validity(struct slice in, struct cert *cert)
{
    struct der before, after;
    return der_next(&in, &before) && der_next(&in, &after) && parse_time(&before, &cert->not_before) &&
           parse_time(&after, &cert->not_after);
}

static bool parse_usages(struct slice value, struct cert *cert)
{
    struct der list, usage;
    if (!der_expect(&value, DER_SEQUENCE, &list))
        return false;
    cert->has_usages = true;
    while (der_expect(&list.content, DER_OID, &usage))
        if (IS_OID(&usage, OID_SERVER_AUTH) || IS_OID(&usage, OID_ANY_USAGE))
            cert->for_servers = true;
    return true;
}

static bool parse_alt_names(struct slice value, struct cert *cert)
{
    struct der list;
    if (!der_expect(&value, DER_SEQUENCE, &list))
        return false;
    cert->has_alt_names = true;
    cert->alt_names = list.content;
    return true;
}

static bool parse_constraints(struct slice value, struct cert *cert)
{
    struct der list, ca;
    if (!der_expect(&value, DER_SEQUENCE, &list))
        return false;
    cert->is_ca = der_expect(&list.content, DER_BOOLEAN, &ca) && ca.content.len == 1 && ca.content.data[0] != 0;
    return true;
}

static bool parse_extension(struct slice in, struct cert *cert)
{
    struct der oid, critical, value;
    if (!der_expect(&in, DER_OID, &oid))
        return false;
    der_expect(&in, DER_BOOLEAN, &critical);
    if (!der_expect(&in, DER_OCTET_STRING, &value))
        return false;
    if (IS_OID(&oid, OID_ALT_NAME))
        return parse_alt_names(value.content, cert);
    if (IS_OID(&oid, OID_EXTENDED_USAGE))
        return parse_usages(value.content, cert);
    if (IS_OID(&oid, OID_BASIC_CONSTRAINTS))
        return parse_constraints(value.content, cert);
    return true;
}

static bool parse_extensions(struct slice in, struct cert *cert)
{
    struct der element, list, extension;
    while (der_next(&in, &element)) {
        if (element.tag != TAG_EXTENSIONS)
            continue;
        if (!der_expect(&element.content, DER_SEQUENCE, &list))
            return false;
        while (der_expect(&list.content, DER_SEQUENCE, &extension))
            if (!parse_extension(extension.content, cert))
                return false;
        return list.content.len == 0;
    }
    return in.len == 0;
}

int cert_parse(struct slice der, struct cert *cert)
{
    struct der outer, body, version, serial, algorithm, issuer, validity, subject, key;
    *cert = (struct cert){0};
    if (!der_expect(&der, DER_SEQUENCE, &outer) || !der_expect(&outer.content, DER_SEQUENCE, &body))
        return -1;
    struct slice in = body.content;
    der_expect(&in, TAG_VERSION, &version);
    if (!der_expect(&in, DER_INTEGER, &serial) || !der_expect(&in, DER_SEQUENCE, &algorithm) ||
        !der_expect(&in, DER_SEQUENCE, &issuer) || !der_expect(&in, DER_SEQUENCE, &validity) ||
        !der_expect(&in, DER_SEQUENCE, &subject) || !der_expect(&in, DER_SEQUENCE, &key))
        return -1;
    cert->issuer = issuer.whole;
    cert->subject = subject.whole;
    cert->key_info = key.whole;
    return parse_validity(validity.content, cert) && parse_extensions(in, cert) ? 0 : -1;
}

static bool rsa_key(struct slice bits, br_x509_pkey *key)
{
    struct der list, modulus, exponent;
    if (!der_expect(&bits, DER_SEQUENCE, &list) || !der_expect(&list.content, DER_INTEGER, &modulus) ||
        !der_expect(&list.content, DER_INTEGER, &exponent))
        return false;
    while (modulus.content.len && modulus.content.data[0] == 0)
        modulus.content = slice_from(modulus.content, 1);
    while (exponent.content.len && exponent.content.data[0] == 0)
        exponent.content = slice_from(exponent.content, 1);
    key->key_type = BR_KEYTYPE_RSA;
    /* BearSSL's structures have no const; it does not write to them. */
    key->key.rsa.n = (unsigned char *)(uintptr_t)modulus.content.data;
    key->key.rsa.nlen = modulus.content.len;
    key->key.rsa.e = (unsigned char *)(uintptr_t)exponent.content.data;
    key->key.rsa.elen = exponent.content.len;
    return modulus.content.len > 0 && exponent.content.len > 0;
}

static bool ec_key(const struct der *curve, struct slice bits, br_x509_pkey *key)
{
    key->key_type = BR_KEYTYPE_EC;
    key->key.ec.curve = IS_OID(curve, OID_P256)   ? BR_EC_secp256r1
                        : IS_OID(curve, OID_P384) ? BR_EC_secp384r1
                        : IS_OID(curve, OID_P521) ? BR_EC_secp521r1
                                                  : 0;
    key->key.ec.q = (unsigned char *)(uintptr_t)bits.data;
    key->key.ec.qlen = bits.len;
    return key->key.ec.curve != 0 && bits.len > 0;
}

int cert_key(struct slice key_info, br_x509_pkey *key)
{
    struct der outer, algorithm, oid, parameters = {0}, bits;
    if (!der_expect(&key_info, DER_SEQUENCE, &outer) || !der_expect(&outer.content, DER_SEQUENCE, &algorithm) ||
        !der_expect(&algorithm.content, DER_OID, &oid) || !der_expect(&outer.content, DER_BIT_STRING, &bits))
        return -1;
    der_next(&algorithm.content, &parameters);
    struct slice content = slice_from(bits.content, 1); /* behind the count of unused bits */
    bool known =
        IS_OID(&oid, OID_RSA) ? rsa_key(content, key) : IS_OID(&oid, OID_EC) && ec_key(&parameters, content, key);
    return known ? 0 : -1;
}

static bool dns_matches(struct slice pattern, const char *host)
{
    struct slice name = slice_of(host);
    if (slice_find(pattern, 0) >= 0)
        return false;
    if (pattern.len && pattern.data[pattern.len - 1] == '.')
        pattern.len--;
    if (!slice_starts(pattern, "*."))
        return slice_is_nocase(pattern, host);
    ptrdiff_t dot = slice_find(name, '.');
    struct slice suffix = slice_from(pattern, 1);
    if (dot <= 0 || slice_find(slice_from(suffix, 1), '.') < 0)
        return false;
    return slice_is_nocase(suffix, host + dot);
}

static bool ip_matches(struct slice bytes, const char *host)
{
    struct addr wanted, given;
    return addr_parse(slice_of(host), 0, &wanted) && addr_from_bytes(bytes, &given) && addr_equal(&wanted, &given);
}

bool cert_matches(const struct cert *cert, const char *host, bool ip)
{
    struct slice names = cert->alt_names;
    struct der name;
    while (der_next(&names, &name)) {
        if (ip && name.tag == NAME_IP && ip_matches(name.content, host))
            return true;
        if (!ip && name.tag == NAME_DNS && dns_matches(name.content, host))
            return true;
    }
    return false;
}

static bool name_text(const struct der *name, struct buf *out)
{
    struct addr addr;
    char text[ADDR_TEXT];
    if (name->tag == NAME_DNS) {
        buf_slice(out, slice_head(name->content, 255));
        return true;
    }
    if (name->tag != NAME_IP || !addr_from_bytes(name->content, &addr))
        return false;
    addr_text(&addr, text);
    buf_slice(out, slice_head(slice_of(text), (size_t)slice_rfind(slice_of(text), ':')));
    return true;
}

char *cert_names(struct arena *arena, const struct cert *cert)
{
    struct buf out = BUF_INIT;
    struct slice names = cert->alt_names;
    struct der name;
    int shown = 0;
    while (shown < NAMES_SHOWN && der_next(&names, &name)) {
        size_t before = out.len;
        if (shown)
            buf_str(&out, ", ");
        if (name_text(&name, &out))
            shown++;
        else
            out.len = before;
    }
    char *text = shown ? arena_copy(arena, buf_view(&out)) : arena_strdup(arena, "no name at all");
    buf_free(&out);
    return text;
}

char *cert_common_name(struct arena *arena, struct slice name)
{
    struct der outer, set, pair, oid, value;
    struct slice found = {NULL, 0};
    if (!der_expect(&name, DER_SEQUENCE, &outer))
        return arena_strdup(arena, "");
    while (der_next(&outer.content, &set))
        if (der_expect(&set.content, DER_SEQUENCE, &pair) && der_expect(&pair.content, DER_OID, &oid) &&
            der_next(&pair.content, &value) && IS_OID(&oid, OID_COMMON_NAME))
            found = value.content;
    return arena_copy(arena, slice_head(found, 255));
}
