#include "image/digest.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/hash.h"

#define SHA256_PREFIX "sha256:"

static bool is_algorithm(struct slice text)
{
    bool separated = true; /* a separator may not come now */
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool separator = c && strchr("+._-", c);
        if (separator ? separated : !ascii_is_lower(c) && !ascii_is_digit(c))
            return false;
        separated = separator;
    }
    return !separated;
}

static bool is_encoded(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_alnum(text.data[i]) && !(text.data[i] && strchr("=_-", text.data[i])))
            return false;
    return text.len > 0;
}

static bool is_lower_hex(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_digit(text.data[i]) && !(text.data[i] >= 'a' && text.data[i] <= 'f'))
            return false;
    return true;
}

const char *digest_fault(struct slice digest)
{
    static const struct {
        const char *name;
        size_t len;
    } registered[] = {{"sha256", 64}, {"sha512", 128}, {"blake3", 64}};
    struct slice encoded = digest;
    struct slice algorithm = slice_cut(&encoded, ':');
    if (!encoded.data || !is_algorithm(algorithm) || !is_encoded(encoded))
        return "a digest is written ALGORITHM:HEX, as in sha256:0123...";
    for (size_t i = 0; i < sizeof registered / sizeof *registered; i++)
        if (slice_is(algorithm, registered[i].name) && (encoded.len != registered[i].len || !is_lower_hex(encoded)))
            return "a sha256 or blake3 digest has 64 lower-case hexadecimal digits, a sha512 digest 128";
    return NULL;
}

const char *digest_of(struct arena *arena, struct slice content)
{
    uint8_t hash[SHA256_SIZE];
    struct buf text = BUF_INIT;
    sha256(content, hash);
    buf_str(&text, SHA256_PREFIX);
    encode_hex(&text, hash, sizeof hash);
    return buf_detach(&text, arena);
}

static bool is_sha512(const char *digest)
{
    return slice_starts(slice_of(digest), "sha512:");
}

bool digest_is_known(const char *digest)
{
    return slice_starts(slice_of(digest), SHA256_PREFIX) || is_sha512(digest);
}

bool digest_fits(const char *digest, struct slice content)
{
    uint8_t hash[SHA512_SIZE];
    bool long_one = is_sha512(digest);
    struct buf text = BUF_INIT;
    if (long_one)
        sha512(content, hash);
    else
        sha256(content, hash);
    buf_str(&text, long_one ? "sha512:" : SHA256_PREFIX);
    encode_hex(&text, hash, long_one ? SHA512_SIZE : SHA256_SIZE);
    bool fits = strcmp(text.data, digest) == 0;
    buf_free(&text);
    return fits;
}

bool digest_is_hash(const char *digest, struct sha256_state *hash)
{
    uint8_t bytes[SHA256_SIZE];
    struct buf hex = BUF_INIT;
    sha256_end(hash, bytes);
    encode_hex(&hex, bytes, sizeof bytes);
    bool same = digest_is_sha256(digest) && strcmp(digest_hex(digest), hex.data) == 0;
    buf_free(&hex);
    return same;
}

bool digest_is_sha256(const char *digest)
{
    return slice_starts(slice_of(digest), SHA256_PREFIX) && !digest_fault(slice_of(digest));
}

const char *digest_hex(const char *digest)
{
    return digest + strlen(SHA256_PREFIX);
}
