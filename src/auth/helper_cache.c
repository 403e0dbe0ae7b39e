#include "auth/helper_cache.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/file_write.h"
#include "base/hash.h"
#include "base/json_edit.h"
#include "base/json_write.h"

#define CACHE_MAX    (16 << 20) /* a token takes 3 KB */
#define LOCK_WAIT_MS 2000       /* without the lock the token is just not kept */

/* The MD5 of nothing: releases up to 0.6 put it behind the key id where they meant to hash that. */
#define MD5_OF_NOTHING "\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e"

const char *helper_cache_path(struct arena *arena)
{
    const char *folder = env_get("AWS_ECR_CACHE_DIR");
    if (!folder || env_get("AWS_ECR_DISABLE_CACHE"))
        return NULL;
    folder = path_expand(arena, folder);
    return folder ? arena_printf(arena, "%s/cache.json", folder) : NULL;
}

/* Today's releases name entries by the SHA-256 of the key id; `old` is the name that releases up to 0.6 know. */
static const char *key_of(struct arena *arena, const struct cache_subject *subject, bool old)
{
    uint8_t digest[SHA256_SIZE];
    struct buf plain = BUF_INIT, hash = BUF_INIT;
    if (old) {
        buf_str(&plain, subject->access_key_id);
        buf_add(&plain, MD5_OF_NOTHING, 16);
    } else {
        sha256(slice_of(subject->access_key_id), digest);
        buf_add(&plain, digest, sizeof digest);
    }
    encode_base64(&hash, buf_view(&plain), false);
    const char *key = subject->account ? arena_printf(arena, "%s-%s-%s", subject->region, hash.data, subject->account)
                                       : arena_printf(arena, "ecr-public-%s", hash.data);
    buf_free(&plain);
    buf_free(&hash);
    return key;
}

/* The file's root object; missing when there is no cache of the known version. */
static struct json_node read_cache(struct arena *arena, const char *path, struct json *json)
{
    struct buf text = BUF_INIT;
    *json = (struct json){NULL, NULL, 0};
    struct json_node none = json_root(json);
    if (file_read(path, CACHE_MAX, &text))
        return none;
    int status = json_parse(arena, arena_slice(arena, buf_view(&text)), json);
    buf_free(&text);
    struct json_node version = json_get(json_root(json), "Version");
    if (status == 0 && (!json_exists(version) || json_equals(version, "1.0")))
        return json_root(json);
    *json = (struct json){NULL, NULL, 0};
    return none;
}

static bool read_time(struct arena *arena, struct json_node entry, const char *member, int64_t *when)
{
    const char *text = json_cstr(arena, json_get(entry, member));
    return text && time_parse_iso(slice_of(text), when);
}

static bool read_entry(struct arena *arena, struct json_node entry, struct cached_token *token)
{
    token->value = json_cstr(arena, json_get(entry, "AuthorizationToken"));
    token->endpoint = json_cstr(arena, json_get(entry, "ProxyEndpoint"));
    token->is_public = json_equals(json_get(entry, "Service"), "ecr-public");
    return token->value && *token->value && token->endpoint &&
           read_time(arena, entry, "RequestedAt", &token->requested_at) &&
           read_time(arena, entry, "ExpiresAt", &token->expires_at);
}

bool helper_cache_find(struct arena *arena, const char *path, const struct cache_subject *subject,
                       struct cached_token *token)
{
    struct json json;
    struct json_node entries = json_get(read_cache(arena, path, &json), "Registries");
    return read_entry(arena, json_get(entries, key_of(arena, subject, false)), token) ||
           read_entry(arena, json_get(entries, key_of(arena, subject, true)), token);
}

bool cached_token_is_fresh(const struct cached_token *token)
{
    int64_t life = token->expires_at - token->requested_at;
    return life > 0 && clock_unix() < token->expires_at - life / 2;
}

static const char *entry_text(struct arena *arena, const struct cached_token *token)
{
    char requested[TIME_TEXT], expires[TIME_TEXT];
    struct buf text = BUF_INIT;
    time_iso(token->requested_at, requested);
    time_iso(token->expires_at, expires);
    json_open(&text, '{');
    json_member_str(&text, "AuthorizationToken", token->value);
    json_member_str(&text, "RequestedAt", requested);
    json_member_str(&text, "ExpiresAt", expires);
    json_member_str(&text, "ProxyEndpoint", token->endpoint);
    json_member_str(&text, "Service", token->is_public ? "ecr-public" : "ecr");
    json_close(&text, '}');
    return buf_detach(&text, arena);
}

/* Sets one member; the next edit works on what came of it. */
static int edit(struct arena *arena, struct json *json, const char **text, const char *const *path, size_t depth,
                const char *value)
{
    struct buf next = BUF_INIT;
    json_edit(&next, json_root(json), path, depth, value);
    *text = buf_detach(&next, arena);
    return json_parse(arena, slice_of(*text), json);
}

static int store(struct arena *arena, const char *path, const struct cache_subject *subject,
                 const struct cached_token *token)
{
    struct json json;
    const char *text, *value = entry_text(arena, token);
    const char *const now[] = {"Registries", key_of(arena, subject, false)};
    const char *const before[] = {"Registries", key_of(arena, subject, true)};
    const char *const version[] = {"Version"};
    read_cache(arena, path, &json);
    if (edit(arena, &json, &text, now, 2, value) < 0 || edit(arena, &json, &text, before, 2, value) < 0 ||
        edit(arena, &json, &text, version, 1, "\"1.0\"") < 0)
        return EINVAL;
    return file_replace(path, slice_of(text));
}

int helper_cache_store(struct arena *arena, const char *path, const struct cache_subject *subject,
                       const struct cached_token *token, int64_t deadline)
{
    struct file_lock lock;
    int status = file_lock(path, deadline_earlier(deadline, deadline_in(LOCK_WAIT_MS)), &lock);
    if (status == 0)
        status = store(arena, path, subject, token);
    file_unlock(&lock);
    return status;
}

struct cached_token *helper_cache_all(struct arena *arena, const char *path, size_t *count)
{
    struct json json;
    struct json_node entries = json_get(read_cache(arena, path, &json), "Registries");
    struct cached_token *tokens = arena_array(arena, json.count + 1, sizeof *tokens);
    struct json_node name = json_is(entries, JSON_OBJECT) ? json_first(entries) : json_get(entries, "");
    for (*count = 0; json_exists(name);) {
        struct json_node entry = json_next(entries, name);
        *count += read_entry(arena, entry, &tokens[*count]);
        name = json_next(entries, entry);
    }
    return tokens;
}
