#include "aws/sigv4.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/hash.h"

/* Headers that proxies may change, which are therefore never signed. */
static const char *const unsigned_headers[] = {
    "connection",        "expect",  "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",    "authorization",
};

static char *hash_hex(struct arena *arena, struct slice data)
{
    uint8_t hash[SHA256_SIZE];
    struct buf hex = BUF_INIT;
    sha256(data, hash);
    encode_hex(&hex, hash, sizeof hash);
    return buf_detach(&hex, arena);
}

/* Removes empty and dot segments, as every service but S3 wants it; a trailing slash survives. */
static void write_path(struct buf *out, const char *path)
{
    struct buf clean = BUF_INIT;
    struct slice rest = slice_of(path);
    bool slash_behind = slice_ends(rest, "/");
    while (rest.data) {
        struct slice segment = slice_cut(&rest, '/');
        if (segment.len == 0 || slice_is(segment, "."))
            continue;
        if (slice_is(segment, "..")) {
            ptrdiff_t last = slice_rfind(buf_view(&clean), '/');
            clean.len = last < 0 ? 0 : (size_t)last;
            continue;
        }
        buf_char(&clean, '/');
        buf_slice(&clean, segment);
    }
    if (slash_behind || clean.len == 0)
        buf_char(&clean, '/');
    encode_percent(out, buf_view(&clean), "/");
    buf_free(&clean);
}

struct pair {
    struct slice key, value;
};

static int compare_slices(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = compare_slices(x->key, y->key);
    return order ? order : compare_slices(x->value, y->value);
}

/* The query of a URL is encoded already: its pairs are only sorted, by key and then by value. */
static void write_query(struct arena *arena, struct buf *out, const char *query)
{
    struct slice rest = slice_of(query);
    size_t count = 0, most = 1;
    for (size_t i = 0; i < rest.len; i++)
        most += rest.data[i] == '&';
    struct pair *pairs = arena_array(arena, most, sizeof *pairs);
    while (rest.data) {
        struct slice value = slice_cut(&rest, '&');
        if (value.len == 0)
            continue;
        pairs[count].key = slice_cut(&value, '=');
        pairs[count++].value = value;
    }
    qsort(pairs, count, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_char(out, '&');
        buf_slice(out, pairs[i].key);
        buf_char(out, '=');
        buf_slice(out, pairs[i].value);
    }
}

static bool is_signed(const char *name)
{
    for (size_t i = 0; i < sizeof unsigned_headers / sizeof *unsigned_headers; i++)
        if (slice_is_nocase(slice_of(name), unsigned_headers[i]))
            return false;
    return true;
}

struct signed_header {
    const char *name; /* lower case */
    const char *value;
    size_t order; /* of equal names, as they were given */
};

static int compare_headers(const void *a, const void *b)
{
    const struct signed_header *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static size_t collect_headers(struct arena *arena, const struct http_request *request,
                              struct signed_header headers[static HTTP_HEADERS_SENT + 1])
{
    size_t count = 0;
    bool has_host = false;
    for (size_t i = 0; i < request->field_count; i++) {
        if (!is_signed(request->fields[i].name))
            continue;
        char *name = arena_lower(arena, slice_of(request->fields[i].name));
        has_host = has_host || strcmp(name, "host") == 0;
        headers[count] = (struct signed_header){name, request->fields[i].value, count};
        count++;
    }
    if (!has_host) {
        headers[count] = (struct signed_header){"host", url_authority(arena, &request->url), count};
        count++;
    }
    qsort(headers, count, sizeof *headers, compare_headers);
    return count;
}

/* Trims, and makes one space of each run of spaces and tabs. */
static void write_value(struct buf *out, const char *value)
{
    struct slice text = slice_trim(slice_of(value));
    for (size_t i = 0; i < text.len; i++) {
        bool space = text.data[i] == ' ' || text.data[i] == '\t';
        bool next = i + 1 < text.len && (text.data[i + 1] == ' ' || text.data[i + 1] == '\t');
        if (!space)
            buf_char(out, text.data[i]);
        else if (!next)
            buf_char(out, ' ');
    }
}

static char *write_headers(struct arena *arena, struct buf *out, const struct signed_header *headers, size_t count)
{
    struct buf names = BUF_INIT;
    for (size_t i = 0; i < count; i++) {
        bool repeats = i > 0 && strcmp(headers[i].name, headers[i - 1].name) == 0;
        if (repeats)
            out->len--; /* the LF behind the value before */
        buf_printf(out, "%s%s", repeats ? "," : headers[i].name, repeats ? "" : ":");
        write_value(out, headers[i].value);
        buf_char(out, '\n');
        if (!repeats)
            buf_printf(&names, "%s%s", names.len ? ";" : "", headers[i].name);
    }
    return buf_detach(&names, arena);
}

static const char *payload_hash(struct arena *arena, const struct http_request *request)
{
    for (size_t i = 0; i < request->field_count; i++)
        if (slice_is_nocase(slice_of(request->fields[i].name), "x-amz-content-sha256"))
            return request->fields[i].value;
    return hash_hex(arena, request->body);
}

char *sigv4_canonical_request(struct arena *arena, const struct http_request *request, char **signed_headers)
{
    struct buf out = BUF_INIT;
    struct signed_header headers[HTTP_HEADERS_SENT + 1];
    size_t count = collect_headers(arena, request, headers);
    buf_printf(&out, "%s\n", request->method);
    write_path(&out, request->url.path);
    buf_char(&out, '\n');
    write_query(arena, &out, request->url.query);
    buf_char(&out, '\n');
    *signed_headers = write_headers(arena, &out, headers, count);
    buf_printf(&out, "\n%s\n%s", *signed_headers, payload_hash(arena, request));
    return buf_detach(&out, arena);
}

static char *scope_text(struct arena *arena, const char *date, struct sigv4_scope scope)
{
    return arena_printf(arena, "%.8s/%s/%s/aws4_request", date, scope.region, scope.service);
}

char *sigv4_string_to_sign(struct arena *arena, struct slice canonical_request, struct sigv4_scope scope)
{
    char date[TIME_TEXT];
    time_basic(scope.time, date);
    return arena_printf(arena, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope_text(arena, date, scope),
                        hash_hex(arena, canonical_request));
}

static void signing_key(const struct credentials *credentials, const char *date, struct sigv4_scope scope,
                        uint8_t key[static SHA256_SIZE])
{
    struct buf secret = BUF_INIT;
    struct slice rest[] = {slice_of(scope.region), slice_of(scope.service), SLICE("aws4_request")};
    buf_printf(&secret, "AWS4%s", credentials->secret_access_key);
    hmac_sha256(buf_view(&secret), slice_head(slice_of(date), 8), key);
    buf_free(&secret);
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        hmac_sha256((struct slice){(const char *)key, SHA256_SIZE}, rest[i], key);
}

void sigv4_sign(struct arena *arena, struct http_request *request, const struct credentials *credentials,
                struct sigv4_scope scope)
{
    char date[TIME_TEXT];
    uint8_t key[SHA256_SIZE], mac[SHA256_SIZE];
    char *signed_headers;
    struct buf signature = BUF_INIT;
    time_basic(scope.time, date);
    http_request_add(request, "X-Amz-Date", arena_strdup(arena, date), false);
    if (credentials->session_token)
        http_request_add(request, "X-Amz-Security-Token", credentials->session_token, true);
    char *canonical = sigv4_canonical_request(arena, request, &signed_headers);
    char *to_sign = sigv4_string_to_sign(arena, slice_of(canonical), scope);
    signing_key(credentials, date, scope, key);
    hmac_sha256((struct slice){(const char *)key, sizeof key}, slice_of(to_sign), mac);
    encode_hex(&signature, mac, sizeof mac);
    char *value =
        arena_printf(arena, "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                     credentials->access_key_id, scope_text(arena, date, scope), signed_headers, signature.data);
    http_request_add(request, "Authorization", value, true);
    explicit_bzero(key, sizeof key);
    explicit_bzero(mac, sizeof mac);
    buf_free(&signature);
}
