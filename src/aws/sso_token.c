#include "aws/sso_token.h"

#include <errno.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/rest.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/file_write.h"
#include "base/hash.h"
#include "base/json_edit.h"
#include "base/json_write.h"

#define CACHE_MAX      (256 << 10)
#define REFRESH_BEFORE 900   /* seconds, as the SDKs have it */
#define REFRESHED_LIFE 28800 /* where the service does not say: what the longest sessions have an hour of */

static const struct endpoint_rule portal_rule = {"sso",        "portal.sso",      "portal.sso-fips",
                                                 "portal.sso", "portal.sso-fips", true};
static const struct endpoint_rule oidc_rule = {"sso_oidc", "oidc", "oidc-fips", "oidc", "oidc-fips", true};
static const struct rest_call call = {"IAM Identity Center", 3, 0, 15000};

/* The file that holds the token, as it was read. */
struct cache {
    const char *path;
    struct json json;
    struct json_node root;
};

int sso_url(const struct source_context *context, bool portal, const char *region, const char *path, struct url *url,
            struct error *error)
{
    struct endpoint_wish wish = {.region = region};
    if (endpoint_url(portal ? &portal_rule : &oidc_rule, wish, context->config, context->arena, url, error) < 0)
        return -1;
    struct slice base = slice_of(url->path);
    if (slice_ends(base, "/"))
        base.len--;
    url->path = arena_printf(context->arena, "%.*s%s", SLICE_ARGS(base), path);
    return 0;
}

static const char *cache_path(struct arena *arena, const struct sso_settings *settings)
{
    uint8_t digest[SHA1_SIZE];
    struct buf name = BUF_INIT;
    const char *folder = path_expand(arena, "~/.aws/sso/cache");
    sha1(slice_of(settings->session ? settings->session : settings->start_url), digest);
    encode_hex(&name, digest, sizeof digest);
    const char *path = folder ? arena_printf(arena, "%s/%s.json", folder, name.data) : NULL;
    buf_free(&name);
    return path;
}

static const char *login_command(const struct source_context *context)
{
    bool usual = strcmp(context->profile, "default") == 0;
    return arena_printf(context->arena, "aws sso login%s%s", usual ? "" : " --profile ", usual ? "" : context->profile);
}

static int no_token(const struct source_context *context, struct error *error, enum reason reason, const char *cause)
{
    error_set(error, reason, arena_printf(context->arena, "the SSO session of profile '%s'", context->profile), "%s",
              cause);
    if (reason_exit(reason) == EXIT_TRANSIENT)
        error_hint(error, "try again, or sign in anew: %s", login_command(context));
    else
        error_hint(error, "sign in: %s", login_command(context));
    return -1;
}

static int read_cache(const struct source_context *context, const struct sso_settings *settings, struct cache *cache,
                      struct error *error)
{
    struct buf text = BUF_INIT;
    struct arena *arena = context->arena;
    cache->path = cache_path(arena, settings);
    int status = cache->path ? file_read(cache->path, CACHE_MAX, &text) : ENOENT;
    if (status)
        return no_token(context, error, REASON_NO_CREDENTIALS,
                        arena_printf(arena, "cannot read its token in %s: %s",
                                     cache->path ? cache->path : "~/.aws/sso/cache (no HOME)", strerror(status)));
    status = json_parse(arena, arena_slice(arena, buf_view(&text)), &cache->json);
    buf_free(&text);
    cache->root = json_root(&cache->json);
    return status < 0 || !json_is(cache->root, JSON_OBJECT)
               ? no_token(context, error, REASON_NO_CREDENTIALS,
                          arena_printf(arena, "the token in %s is not JSON", cache->path))
               : 0;
}

/* One word, as it goes into a header; NULL for all else. */
static const char *token_text(struct arena *arena, struct json_node node)
{
    const char *text = json_cstr(arena, node);
    for (const char *c = text; c && *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
            return NULL;
    return text && *text ? text : NULL;
}

static const char *member(struct arena *arena, const struct cache *cache, const char *name)
{
    return token_text(arena, json_get(cache->root, name));
}

/* "2026-01-01T00:00:00Z"; files of old releases end in "UTC". */
static bool read_time(struct arena *arena, const struct cache *cache, const char *name, int64_t *when)
{
    const char *text = json_cstr(arena, json_get(cache->root, name));
    struct slice time = slice_of(text);
    if (slice_ends(time, "UTC"))
        time = slice_of(arena_printf(arena, "%.*sZ", SLICE_ARGS(slice_head(time, time.len - 3))));
    return text && time_parse_iso(time, when);
}

static const char *quoted(struct arena *arena, const char *text)
{
    struct buf json = BUF_INIT;
    json_write_str(&json, text);
    return buf_detach(&json, arena);
}

/* The cache with the members of a new token in it, all else as it was. A token that cannot be kept is good for now. */
static void write_back(struct arena *arena, const struct cache *cache, struct json_node reply)
{
    char expires[TIME_TEXT];
    int64_t seconds;
    if (!json_int64(json_get(reply, "expiresIn"), &seconds) || seconds <= 0 || seconds > INT32_MAX)
        seconds = REFRESHED_LIFE;
    time_iso(clock_unix() + seconds, expires);
    const char *refresh = json_cstr(arena, json_get(reply, "refreshToken"));
    const struct {
        const char *name, *value;
    } changes[] = {{"accessToken", json_cstr(arena, json_get(reply, "accessToken"))},
                   {"expiresAt", expires},
                   {"refreshToken", refresh}};
    struct json json = cache->json;
    const char *text = NULL;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct buf next = BUF_INIT;
        if (!changes[i].value)
            continue;
        json_edit(&next, json_root(&json), &changes[i].name, 1, quoted(arena, changes[i].value));
        text = buf_detach(&next, arena);
        if (json_parse(arena, slice_of(text), &json) < 0)
            return;
    }
    if (text)
        (void)file_replace(cache->path, slice_of(text));
}

static int refresh(const struct source_context *context, const struct sso_settings *settings, const struct cache *cache,
                   const char **token, struct error *error)
{
    struct arena *arena = context->arena;
    struct url url;
    struct http_request request;
    struct json json;
    struct buf body = BUF_INIT;
    const char *secret = member(arena, cache, "clientSecret"), *old = member(arena, cache, "refreshToken");
    if (sso_url(context, false, settings->region, "/token", &url, error) < 0)
        return -1;
    json_open(&body, '{');
    json_member_str(&body, "clientId", member(arena, cache, "clientId"));
    json_member_str(&body, "clientSecret", secret);
    json_member_str(&body, "grantType", "refresh_token");
    json_member_str(&body, "refreshToken", old);
    json_close(&body, '}');
    http_request_init(&request, "POST", &url);
    http_request_add(&request, "Content-Type", "application/json", false);
    request.body = slice_of(buf_detach(&body, arena));
    request.body_secrets[0] = secret;
    request.body_secrets[1] = old;
    if (rest_send_json(context, &call, &request, &json, error) < 0)
        return -1;
    const char *fresh = token_text(arena, json_get(json_root(&json), "accessToken"));
    if (!fresh)
        return error_set(error, REASON_BAD_REPLY, call.who, "the renewal was answered, but with no token");
    *token = fresh;
    write_back(arena, cache, json_root(&json));
    return 0;
}

/* Whether the file holds what a renewal needs: only sessions of the new form do. */
static bool can_refresh(struct arena *arena, const struct sso_settings *settings, const struct cache *cache)
{
    int64_t registered;
    return settings->session && member(arena, cache, "refreshToken") && member(arena, cache, "clientId") &&
           member(arena, cache, "clientSecret") &&
           (!read_time(arena, cache, "registrationExpiresAt", &registered) || registered > clock_unix());
}

/* While the old token is good, a renewal that hangs must not take the time that the use of it needs. */
#define EARLY_REFRESH_MS 3000

/* Under the lock of the cache, so that of several processes one renews and the others find what it wrote. */
static int refresh_locked(const struct source_context *context, const struct sso_settings *settings, const char **token,
                          struct error *error)
{
    struct file_lock lock;
    int64_t expires = 0;
    struct cache cache;
    if (file_lock(cache_path(context->arena, settings), context->deadline, &lock) == ETIMEDOUT)
        return error_set(error, REASON_TIMEOUT, call.who, "another process holds the lock of its cache");
    int status = read_cache(context, settings, &cache, error);
    bool fresh = status == 0 && read_time(context->arena, &cache, "expiresAt", &expires) &&
                 expires - clock_unix() > REFRESH_BEFORE;
    const char *theirs = fresh ? member(context->arena, &cache, "accessToken") : NULL;
    if (theirs)
        *token = theirs;
    else if (status == 0)
        status = refresh(context, settings, &cache, token, error);
    file_unlock(&lock);
    return status;
}

int sso_token(const struct source_context *context, const struct sso_settings *settings, const char **token,
              struct error *error)
{
    struct arena *arena = context->arena;
    struct cache cache;
    struct error failed;
    int64_t expires;
    if (read_cache(context, settings, &cache, error) < 0)
        return -1;
    *token = member(arena, &cache, "accessToken");
    if (!*token || !read_time(arena, &cache, "expiresAt", &expires))
        return no_token(
            context, error, REASON_NO_CREDENTIALS,
            arena_printf(arena, "%s in %s is missing or malformed", *token ? "expiresAt" : "accessToken", cache.path));
    struct source_context refreshing = *context;
    if (expires > clock_unix())
        refreshing.deadline = deadline_earlier(context->deadline, deadline_in(EARLY_REFRESH_MS));
    error_init(&failed, error->arena);
    if (expires - clock_unix() <= REFRESH_BEFORE && can_refresh(arena, settings, &cache) &&
        refresh_locked(&refreshing, settings, token, &failed) == 0)
        return 0;
    if (expires > clock_unix())
        return 0; /* the old one still is good */
    bool passing = reason_exit(failed.reason) == EXIT_TRANSIENT;
    return no_token(context, error, passing ? failed.reason : REASON_EXPIRED_CREDENTIALS,
                    failed.reason == REASON_OK
                        ? "it is over"
                        : arena_printf(arena, "it is over, and cannot be renewed: %s", failed.cause));
}
