#include "check/requirement.h"

#include <string.h>

#include "base/clock.h"
#include "check/content.h"
#include "check/fetch.h"
#include "image/digest.h"
#include "registry/referrer.h"

/* An objection of the requirements themselves; what it is about is the image. */
static int object(struct error *error, enum reason reason, const struct item *item, const char *text)
{
    error_set(error, reason, item->reference.text, "%s", text);
    error->http_status = 200;
    return -1;
}

/* A digest of another kind than the registry's is compared with the manifest itself. */
static int compare_content(const struct requirements *required, struct session *session, const struct item *item,
                           struct arena *arena, bool *same, struct error *error)
{
    struct registry_manifest manifest;
    struct registry_client client = item_registry(session, item);
    if (!digest_is_known(required->digest))
        return object(error, REASON_UNSUPPORTED, item, "digests of that kind are not known here");
    if (registry_get_manifest(&client, item->reference.repository, item->outcome.digest, arena, &manifest, error) < 0)
        return -1;
    *same = digest_fits(required->digest, manifest.body);
    return 0;
}

static bool same_kind(const char *a, const char *b)
{
    struct slice left = slice_of(a), right = slice_of(b);
    return slice_equal(slice_cut(&left, ':'), slice_cut(&right, ':'));
}

static int judge_digest(const struct requirements *required, struct session *session, const struct item *item,
                        struct arena *arena, struct error *error)
{
    const char *digest = item->outcome.digest;
    if (!required->digest)
        return 0;
    if (!digest)
        return object(error, REASON_UNSUPPORTED, item, "its digest in the registry is not known");
    bool same = strcmp(digest, required->digest) == 0;
    if (!same && !same_kind(digest, required->digest) &&
        compare_content(required, session, item, arena, &same, error) < 0)
        return -1;
    return same ? 0
                : object(error, REASON_DIGEST_MISMATCH, item,
                         arena_printf(error->arena, "it is %s, and not %s", digest, required->digest));
}

static int judge_age(const struct requirements *required, const struct item *item, int64_t made_at, struct error *error)
{
    char when[TIME_TEXT];
    if (!required->max_age_ms)
        return 0;
    if (made_at <= 0)
        return object(error, REASON_UNSUPPORTED, item, "how old it is is not known: neither ECR nor the image says");
    time_iso(made_at, when);
    return (clock_unix() - made_at) <= required->max_age_ms / 1000
               ? 0
               : object(error, REASON_TOO_OLD, item,
                        arena_printf(error->arena, "it is of %s, older than --max-age allows", when));
}

static int judge_size(const struct requirements *required, const struct item *item, int64_t size, struct error *error)
{
    if (!required->max_size || (size >= 0 && size <= required->max_size))
        return 0;
    return size < 0 ? object(error, REASON_UNSUPPORTED, item, "how large it is is not known: its manifest does not say")
                    : object(error, REASON_TOO_LARGE, item,
                             arena_printf(error->arena, "a pull fetches %lld bytes, more than --max-size allows",
                                          (long long)size));
}

static bool fits_any(const struct content *content, const char *wanted)
{
    for (size_t i = 0; i < content->platform_count; i++)
        if (platform_fits(content->platforms[i], wanted))
            return true;
    return false;
}

static int judge_platforms(const struct requirements *required, const struct item *item, const struct content *content,
                           struct error *error)
{
    struct buf text = BUF_INIT;
    const char *missing = NULL;
    for (size_t i = 0; i < required->platform_count && !missing; i++)
        if (!fits_any(content, required->platforms[i]))
            missing = required->platforms[i];
    if (!missing)
        return 0;
    buf_printf(&text, "it is not for %s, but for ", missing);
    for (size_t i = 0; i < content->platform_count; i++)
        buf_printf(&text, "%s%s", i ? ", " : "", content->platforms[i]);
    buf_str(&text, content->platform_count ? "" : "no platform that it names");
    int status = object(error, REASON_NO_PLATFORM, item, text.data);
    buf_free(&text);
    return status;
}

static bool needs_content(const struct requirements *required, const struct item *item)
{
    bool platforms_known = item->outcome.platform_count > 0;
    return required->deep || required->max_size || (required->platform_count && !platforms_known) ||
           (required->max_age_ms && !item->outcome.pushed_at);
}

static int judge_content(const struct requirements *required, struct session *session, struct item *item,
                         struct arena *arena, struct error *error)
{
    struct content content = {.platforms = item->outcome.platforms, .platform_count = item->outcome.platform_count};
    struct registry_client client = item_registry(session, item);
    if (needs_content(required, item)) {
        struct content_wish wish = {.platforms = required->platforms,
                                    .platform_count = required->platform_count,
                                    .configurations = required->platform_count > 0 || required->max_age_ms > 0,
                                    .deep = required->deep};
        if (content_read(&client, item->reference.repository, item->outcome.digest, &wish, arena, &content, error) < 0)
            return -1;
        item_set_platforms(item, &session->arena, content.platforms, content.platform_count);
    }
    int64_t made_at = item->outcome.pushed_at ? item->outcome.pushed_at : content.created;
    return judge_platforms(required, item, &content, error) < 0 || judge_age(required, item, made_at, error) < 0 ||
                   judge_size(required, item, content.size, error) < 0
               ? -1
               : 0;
}

static int judge_signature(const struct requirements *required, struct session *session, const struct item *item,
                           struct arena *arena, struct error *error)
{
    bool found;
    struct registry_client client = item_registry(session, item);
    if (!required->signature)
        return 0;
    if (registry_find_signature(&client, item->reference.repository, item->outcome.digest, arena, &found, error) < 0)
        return -1;
    return found ? 0 : object(error, REASON_NO_SIGNATURE, item, "nothing in the registry says that it signs it");
}

/* What only a registry tells of an image that the daemon holds itself. */
static int judge_origin(const struct requirements *required, const struct item *item, struct error *error)
{
    bool local = strcmp(item->outcome.source, "local") == 0;
    bool wants_registry = required->deep || required->signature || required->max_age_ms || required->max_size;
    if (local && wants_registry)
        return object(error, REASON_UNSUPPORTED, item,
                      "--deep, --max-age, --max-size and --has-signature are asked of a registry, not of --via local");
    if (!item->outcome.digest && (wants_registry || required->platform_count) && !item->outcome.platform_count)
        return object(error, REASON_UNSUPPORTED, item, "its digest is not known, so it cannot be looked at");
    return 0;
}

void requirements_judge(const struct requirements *required, struct session *session, struct item *item)
{
    struct arena scratch = {0};
    struct error error;
    error_init(&error, &scratch);
    if (judge_digest(required, session, item, &scratch, &error) < 0 || judge_origin(required, item, &error) < 0 ||
        judge_content(required, session, item, &scratch, &error) < 0 ||
        judge_signature(required, session, item, &scratch, &error) < 0)
        item_object(item, &session->arena, &error);
    arena_free(&scratch);
}
