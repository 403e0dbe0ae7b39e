#include "check/item.h"

#include <string.h>

static const char *copy(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

static struct step *add_step(struct item *item, struct arena *arena, const char *source)
{
    struct step **end = &item->outcome.trail;
    while (*end)
        end = &(*end)->next;
    *end = arena_alloc(arena, sizeof **end);
    (*end)->source = source;
    return *end;
}

static const char *describe(const struct error *error, struct arena *arena)
{
    return arena_printf(arena, "%s%s%s%s%s%s", error->subject, *error->subject ? ": " : "", error->cause,
                        error->request_id ? " (request " : "", error->request_id ? error->request_id : "",
                        error->request_id ? ")" : "");
}

void item_step(struct item *item, struct arena *arena, const char *source, bool skipped, const struct error *error)
{
    struct step *step = add_step(item, arena, source);
    step->skipped = skipped;
    step->reached = !skipped && error->http_status != 0;
    step->reason = error->reason;
    step->detail = describe(error, arena);
    step->hint = copy(arena, error->hint);
    step->request_id = copy(arena, error->request_id);
}

void item_set_platforms(struct item *item, struct arena *arena, const char *const *platforms, size_t count)
{
    const char **kept = arena_array(arena, count, sizeof *kept);
    for (size_t i = 0; i < count; i++)
        kept[i] = copy(arena, platforms[i]);
    item->outcome.platforms = kept;
    item->outcome.platform_count = count;
}

void item_decide(struct item *item, struct arena *arena, const char *source, const struct outcome *outcome)
{
    struct step *step = add_step(item, arena, source);
    struct step *trail = item->outcome.trail;
    step->reached = true;
    step->reason = outcome->reason;
    step->detail = copy(arena, outcome->detail);
    step->hint = copy(arena, outcome->hint);
    item->outcome = *outcome;
    item->outcome.source = source;
    item->outcome.trail = trail;
    item->outcome.digest = copy(arena, outcome->digest);
    item->outcome.media_type = copy(arena, outcome->media_type);
    item->outcome.detail = step->detail;
    item->outcome.hint = step->hint;
    item_set_platforms(item, arena, outcome->platforms, outcome->platform_count);
    item->decided = true;
}

void item_object(struct item *item, struct arena *arena, const struct error *error)
{
    item_step(item, arena, item->outcome.source, false, error);
    item->outcome.reason = error->reason;
    item->outcome.detail = describe(error, arena);
    item->outcome.hint = copy(arena, error->hint);
}

static struct step *copy_step(const struct step *step, struct arena *arena)
{
    struct step *same = arena_alloc(arena, sizeof *same);
    *same = *step;
    same->detail = copy(arena, step->detail);
    same->hint = copy(arena, step->hint);
    same->request_id = copy(arena, step->request_id);
    return same;
}

void outcome_copy(struct outcome *outcome, struct arena *arena)
{
    const char **platforms = arena_array(arena, outcome->platform_count, sizeof *platforms);
    for (size_t i = 0; i < outcome->platform_count; i++)
        platforms[i] = copy(arena, outcome->platforms[i]);
    outcome->platforms = platforms;
    outcome->digest = copy(arena, outcome->digest);
    outcome->media_type = copy(arena, outcome->media_type);
    outcome->detail = copy(arena, outcome->detail);
    outcome->hint = copy(arena, outcome->hint);
    for (struct step **step = &outcome->trail; *step; step = &(*step)->next)
        *step = copy_step(*step, arena);
}

void item_stop(struct item *item)
{
    item->decided = true;
}

/* A step that reached a service tells more than one that asked in vain, and that more than one that was skipped. */
static int weight(const struct step *step)
{
    return step->reached ? 2 : !step->skipped;
}

void item_conclude(struct item *item)
{
    if (item->outcome.source)
        return;
    const struct step *best = item->outcome.trail;
    for (const struct step *step = best; step; step = step->next)
        if (weight(step) > weight(best))
            best = step;
    if (!best)
        return;
    item->outcome.reason = best->reason;
    item->outcome.source = best->source;
    item->outcome.detail = best->detail;
    item->outcome.hint = best->hint;
}
