/* push: an image from a place on this machine to registries, under one or several tags. */
#include <string.h>

#include "cmd/moving.h"
#include "cmd/moving_daemon.h"

struct pushing {
    struct moving *moving;
    struct place *places; /* an operand each */
    bool *done;
    size_t count;
};

static int parse_targets(struct pushing *pushing)
{
    struct invocation *in = pushing->moving->in;
    pushing->count = in->operand_count - 1;
    pushing->places = arena_array(&in->arena, pushing->count, sizeof *pushing->places);
    pushing->done = arena_array(&in->arena, pushing->count, sizeof *pushing->done);
    for (size_t i = 0; i < pushing->count; i++) {
        if (place_parse(&in->arena, in->operands[i + 1], &pushing->places[i], &in->error) < 0)
            return -1;
        if (pushing->places[i].kind != PLACE_REGISTRY)
            return error_set(&in->error, REASON_USAGE, in->operands[i + 1],
                             "an image is pushed to a registry: 'ecr copy' takes other places");
    }
    return 0;
}

static int parse(struct pushing *pushing)
{
    struct option own[MOVING_OPTIONS_MAX];
    struct moving *moving = pushing->moving;
    struct invocation *in = moving->in;
    if (invocation_parse(in, own, moving_options(moving, own, true)) < 0)
        return -1;
    if (in->operand_count < 2)
        return error_set(&in->error, REASON_USAGE, "push", "usage: ecr push [OPTION...] PLACE IMAGE...");
    if (place_parse(&in->arena, in->operands[0], &moving->from, &in->error) < 0)
        return -1;
    if (moving->from.kind == PLACE_REGISTRY) {
        error_set(&in->error, REASON_USAGE, in->operands[0],
                  "that is a registry's image: 'ecr copy' copies from one to another");
        error_hint(&in->error,
                   "a place is oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE, or docker:%s for the daemon's",
                   in->operands[0]);
        return -1;
    }
    if (parse_targets(pushing) < 0)
        return -1;
    moving->to = pushing->places[0];
    for (size_t i = 1; i < pushing->count; i++)
        if (place_is_stream(&moving->from) &&
            !place_same_repository(&pushing->places[0].reference, &pushing->places[i].reference))
            return error_set(&in->error, REASON_USAGE, pushing->places[i].text,
                             "standard input can be read once: all images must be of one repository");
    return moving_settle(moving, false);
}

/* A deployment that follows "latest" cannot say later what it ran. */
static void note_latest(const struct pushing *pushing)
{
    for (size_t i = 0; i < pushing->count; i++) {
        const char *tag = pushing->places[i].reference.tag;
        if (!tag || strcmp(tag, "latest") != 0)
            return;
    }
    term_note(&pushing->moving->in->term, TERM_YELLOW,
              "'latest' alone does not say later what was run: push the commit's tag as well, as in 'ecr push PLACE "
              "IMAGE:$COMMIT IMAGE:latest'");
}

/* To all of the operands that are in the repository of this one. */
static int push_group(struct pushing *pushing, size_t first)
{
    struct moving *moving = pushing->moving;
    const struct move_options options = moving->move.options;
    const char **tags = arena_array(&moving->in->arena, pushing->count, sizeof *tags);
    size_t tag_count = 0;
    moving->move = (struct move){.options = options};
    moving->to = pushing->places[first];
    for (size_t i = first; i < pushing->count; i++) {
        const struct reference *reference = &pushing->places[i].reference;
        if (!place_same_repository(&moving->to.reference, reference))
            continue;
        pushing->done[i] = true;
        if (reference->digest && moving->to.reference.digest &&
            strcmp(reference->digest, moving->to.reference.digest) != 0)
            return error_set(&moving->in->error, REASON_USAGE, reference->text, "one image cannot have two digests");
        if (reference->digest)
            moving->to.reference.digest = reference->digest;
        if (reference->tag)
            tags[tag_count++] = reference->tag;
    }
    return moving_run(moving, tags, tag_count);
}

static int run(struct moving *moving)
{
    struct pushing pushing = {.moving = moving};
    if (parse(&pushing) < 0)
        return -1;
    note_latest(&pushing);
    moving->opened = true;
    if (invocation_open(moving->in, &moving->session) < 0)
        return -1;
    if (moving->from.kind == PLACE_DAEMON)
        return moving_push_by_daemon(moving, pushing.places, pushing.count);
    for (size_t i = 0; i < pushing.count; i++)
        if (!pushing.done[i] && push_group(&pushing, i) < 0)
            return -1;
    return moving_finish(moving);
}

int cmd_push(struct invocation *in)
{
    return moving_command(in, run);
}
