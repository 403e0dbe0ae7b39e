#include "aws/credentials.h"

#include <string.h>

#include "base/clock.h"

static int bad(struct error *error, const char *source, const char *member)
{
    return error_set(error, REASON_NO_CREDENTIALS, source, "it gave no proper credentials: %s is missing or no text",
                     member);
}

static const char *filled(struct arena *arena, struct json_node object, const char *member)
{
    const char *text = member ? json_cstr(arena, json_get(object, member)) : NULL;
    return text && *text ? text : NULL;
}

/* The member's time in seconds; 0 without one. */
static int read_expiry(struct arena *arena, struct json_node object, const char *member, const char *source,
                       int64_t *expires, struct error *error)
{
    const char *text = filled(arena, object, member);
    *expires = 0;
    if (!member || !json_exists(json_get(object, member)))
        return 0;
    if (text && time_parse_iso(slice_of(text), expires) && *expires > 0)
        return 0;
    return error_set(error, REASON_NO_CREDENTIALS, source,
                     "it gave no proper credentials: %s is no time of the form 2026-01-02T03:04:05Z", member);
}

int credentials_from_json(struct arena *arena, struct json_node object, const struct credentials_members *members,
                          bool needs_token, bool may_be_over, const char *source, struct credentials *credentials,
                          struct error *error)
{
    *credentials = (struct credentials){
        .access_key_id = filled(arena, object, members->id),
        .secret_access_key = filled(arena, object, members->secret),
        .session_token = filled(arena, object, members->token),
        .account_id = filled(arena, object, members->account),
        .source = arena_strdup(arena, source),
    };
    if (!credentials->access_key_id || !credentials->secret_access_key)
        return bad(error, source, credentials->access_key_id ? members->secret : members->id);
    if (needs_token && !credentials->session_token)
        return bad(error, source, members->token);
    if (read_expiry(arena, object, members->expiry, source, &credentials->expires, error) < 0)
        return -1;
    if (!may_be_over && credentials_end_within(credentials, 0))
        return error_set(error, REASON_EXPIRED_CREDENTIALS, source, "the credentials that it gave are over since %s",
                         filled(arena, object, members->expiry));
    return 0;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool credentials_same(const struct credentials *a, const struct credentials *b)
{
    return same_text(a->access_key_id, b->access_key_id) && same_text(a->secret_access_key, b->secret_access_key) &&
           same_text(a->session_token, b->session_token);
}

static const char *copy(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

struct credentials credentials_copy(struct arena *arena, const struct credentials *credentials)
{
    return (struct credentials){
        .access_key_id = copy(arena, credentials->access_key_id),
        .secret_access_key = copy(arena, credentials->secret_access_key),
        .session_token = copy(arena, credentials->session_token),
        .account_id = copy(arena, credentials->account_id),
        .expires = credentials->expires,
        .source = copy(arena, credentials->source),
        .kind = copy(arena, credentials->kind),
        .profile = copy(arena, credentials->profile),
    };
}

bool credentials_end_within(const struct credentials *credentials, int64_t seconds)
{
    return credentials->expires > 0 && credentials->expires - clock_unix() <= seconds;
}
