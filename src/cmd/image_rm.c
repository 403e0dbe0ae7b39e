/* image rm: removes tags, and images. */
#include <string.h>

#include "check/check.h"
#include "cmd/image.h"
#include "image/digest.h"

#define NAMED_MAX     5 /* images in a question */
#define TAG_ELSEWHERE "the tag does not point to this digest"

/* An image of the command line, and what came of it. */
struct removal {
    struct ecr_target target;
    enum { PENDING, DELETED, GONE, FAILED } state;
    const char *digest; /* of what was deleted; NULL: not said */
    const char *why;    /* the service's words about a failure; NULL: none */
    bool told;          /* FAILED: an error of the whole call, which was told */
    size_t tag_count;   /* of the image, as a dry run saw it */
    size_t round;       /* in which it was last asked for */
};

struct run {
    struct work *work;
    struct removal *list;
    size_t count;
    bool dry;
};

static bool is_same_repository(const struct ecr_target *a, const struct ecr_target *b)
{
    return ecr_same_registry(a, b) && strcmp(a->repository, b->repository) == 0;
}

/* Whether what was removed is what was asked for: by digest all tags of the image go, in a row each. */
static bool is_removed(struct json_node id, const struct ecr_target *target)
{
    struct slice digest = json_raw(json_get(id, "imageDigest"));
    return !digest_fault(digest) && (!target->tag || json_equals(json_get(id, "imageTag"), target->tag)) &&
           (!target->digest || slice_is(digest, target->digest));
}

static bool is_text_or_missing(struct json_node node, const char *text)
{
    return text ? json_equals(node, text) : !json_exists(node);
}

/* A failure repeats what was asked for. */
static bool is_failed(struct json_node id, const struct ecr_target *target)
{
    return is_text_or_missing(json_get(id, "imageTag"), target->tag) &&
           is_text_or_missing(json_get(id, "imageDigest"), target->digest);
}

/* A child of an index is kept until the index has gone: it stays pending for the next round. */
static void take_failure(struct removal *removal, struct json_node row, struct arena *arena)
{
    const char *code = json_cstr(arena, json_get(row, "failureCode"));
    const char *reason = json_cstr(arena, json_get(row, "failureReason"));
    bool kept = code && strcmp(code, "ImageReferencedByManifestList") == 0;
    removal->why = arena_printf(arena, "%s%s%s%s", code ? code : "without a code", reason ? ": " : "",
                                reason ? reason : "", kept ? "; remove the index that refers to it, too" : "");
    if (code && strcmp(code, "ImageNotFound") == 0)
        removal->state = GONE;
    else if (!kept)
        removal->state = FAILED;
}

/*
 * A failure counts more than a row of removal, which may be about a tag of the same image; but that it is gone, which is
 * said of what was asked for twice.
 */
static void take_reply(struct json_node reply, struct removal *removal, struct arena *arena)
{
    struct json_node done = json_get(reply, "imageIds"), failed = json_get(reply, "failures");
    for (struct json_node row = json_first(failed); json_exists(row); row = json_next(failed, row))
        if (is_failed(json_get(row, "imageId"), &removal->target)) {
            take_failure(removal, row, arena);
            if (removal->state != GONE)
                return;
        }
    for (struct json_node row = json_first(done); json_exists(row); row = json_next(done, row))
        if (is_removed(row, &removal->target)) {
            removal->state = DELETED;
            removal->digest = json_cstr(arena, json_get(row, "imageDigest"));
        }
}

/* One call: up to 100 images of one repository. */
static int remove_batch(struct run *run, struct removal **batch, size_t count)
{
    struct buf body;
    struct json_node reply;
    struct work *work = run->work;
    struct invocation *in = work->in;
    if (work_switch(work, &batch[0]->target) < 0)
        return -1;
    ecr_manage_open(&work->api, work->target.repository, &body);
    json_member(&body, "imageIds");
    json_open(&body, '[');
    for (size_t i = 0; i < count; i++)
        ecr_manage_image_id(&body, NULL, batch[i]->target.tag, batch[i]->target.digest);
    json_close(&body, ']');
    if (ecr_manage(&work->api, "BatchDeleteImage", work->target.text, &body, &in->arena, &reply, &in->error) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        take_reply(reply, batch[i], &in->arena);
    return 0;
}

/* The pending ones of the first's repository that this round has not asked for; returns how many there are. */
static size_t collect(struct run *run, size_t first, size_t round, struct removal **batch)
{
    size_t count = 0;
    for (size_t i = first; i < run->count && count < ECR_IDS_MAX; i++) {
        struct removal *removal = &run->list[i];
        if (removal->state != PENDING || removal->round == round ||
            !is_same_repository(&removal->target, &run->list[first].target))
            continue;
        removal->round = round;
        batch[count++] = removal;
    }
    return count;
}

/* What is said about the call is said about each of them. */
static int fail_batch(struct run *run, struct removal **batch, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *batch[i] = (struct removal){.target = batch[i]->target, .state = FAILED, .told = true};
    return invocation_fail(run->work->in);
}

static int remove_round(struct run *run, size_t round)
{
    struct removal *batch[ECR_IDS_MAX];
    int worst = EXIT_OK;
    for (size_t i = 0; i < run->count; i++) {
        size_t count = collect(run, i, round, batch);
        if (count && remove_batch(run, batch, count) < 0)
            worst = exit_worse(worst, fail_batch(run, batch, count));
    }
    return worst;
}

static size_t count_pending(const struct run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++)
        count += run->list[i].state == PENDING;
    return count;
}

/* What an index keeps goes in the round after it has gone. What is kept when a round brought nothing has failed. */
static int remove_all(struct run *run)
{
    int worst = EXIT_OK;
    size_t pending = run->count, before = pending + 1;
    for (size_t round = 1; pending && pending < before; round++) {
        worst = exit_worse(worst, remove_round(run, round));
        before = pending;
        pending = count_pending(run);
    }
    for (size_t i = 0; i < run->count; i++)
        if (run->list[i].state == PENDING)
            run->list[i].state = FAILED;
    return worst;
}

/* Whether a hidden image of the tag alone is the one of the digest. */
static bool has_hidden_tag(struct work *work, const char *digest)
{
    struct ecr_image image;
    const char *asked = work->target.digest;
    work->target.digest = NULL;
    bool fits = image_find_hidden(work, &image) && strcmp(image.digest, digest) == 0;
    work->target.digest = asked;
    return fits;
}

/* An archived one would go, too; by tag and digest only if the tag points there. */
static int look_for_hidden(struct work *work, struct removal *removal)
{
    struct ecr_image image;
    const struct ecr_target *target = &removal->target;
    removal->state = GONE;
    if (!image_find_hidden(work, &image))
        return EXIT_OK;
    removal->digest = image.digest;
    removal->tag_count = image.tag_count;
    bool elsewhere = target->tag && target->digest && !has_hidden_tag(work, target->digest);
    removal->state = elsewhere ? FAILED : DELETED;
    removal->why = TAG_ELSEWHERE;
    return EXIT_OK;
}

/* What is there under a name. */
static int look(struct run *run, struct removal *removal)
{
    struct json_node detail;
    struct work *work = run->work;
    struct invocation *in = work->in;
    if (work_switch(work, &removal->target) < 0)
        return fail_batch(run, &removal, 1);
    if (image_describe(work, &detail) < 0) {
        if (in->error.reason != REASON_NO_IMAGE)
            return fail_batch(run, &removal, 1);
        return look_for_hidden(work, removal);
    }
    struct json_node tags = json_get(detail, "imageTags");
    removal->tag_count = json_count(tags);
    bool fits = !removal->target.tag || json_has(tags, removal->target.tag);
    removal->state = fits ? DELETED : FAILED;
    removal->why = TAG_ELSEWHERE;
    removal->digest = json_cstr(&in->arena, json_get(detail, "imageDigest"));
    return EXIT_OK;
}

static bool is_of_same_image(const struct removal *a, const struct removal *b)
{
    return a->state == DELETED && b->state == DELETED && strcmp(a->digest, b->digest) == 0 &&
           is_same_repository(&a->target, &b->target);
}

/* Whether an image goes with all that is removed, and not some of its tags alone: an image goes with its last tag. */
static bool goes_whole(const struct run *run, const struct removal *removal)
{
    size_t tags = 0;
    for (size_t i = 0; i < run->count; i++) {
        const struct removal *other = &run->list[i];
        if (!is_of_same_image(removal, other))
            continue;
        if (!other->target.tag)
            return true;
        size_t k = 0; /* the same tag may stand there twice */
        while (k < i && !(is_of_same_image(&run->list[k], other) && run->list[k].target.tag &&
                          strcmp(run->list[k].target.tag, other->target.tag) == 0))
            k++;
        tags += k == i;
    }
    return tags == removal->tag_count;
}

static int look_at_all(struct run *run)
{
    int worst = EXIT_OK;
    for (size_t i = 0; i < run->count; i++)
        worst = exit_worse(worst, look(run, &run->list[i]));
    return worst;
}

static const char *state_word(const struct run *run, const struct removal *removal)
{
    if (removal->state == DELETED && run->dry)
        return goes_whole(run, removal) ? "would-delete" : "would-untag";
    if (removal->state == DELETED)
        return removal->target.tag ? "untagged" : "deleted";
    return removal->state == GONE ? "gone" : "failed";
}

static void write_json(const struct run *run, const struct removal *removal, struct buf *out)
{
    json_open(out, '{');
    json_member_str(out, "image", removal->target.text);
    json_member_str(out, "state", state_word(run, removal));
    json_member_str(out, "imageTag", removal->target.tag);
    json_member_str(out, "imageDigest", removal->digest ? removal->digest : removal->target.digest);
    json_member_str(out, "failure", removal->state == FAILED ? removal->why : NULL);
    json_close(out, '}');
    buf_char(out, '\n');
}

static void write_line(const struct run *run, const struct removal *removal, struct buf *out)
{
    buf_printf(out, "%s  %s%s", state_word(run, removal), removal->target.text, removal->digest ? "  " : "");
    term_safe(out, removal->digest ? removal->digest : "");
    buf_char(out, '\n');
}

static int print_all(const struct run *run)
{
    struct buf out = BUF_INIT;
    struct invocation *in = run->work->in;
    int worst = EXIT_OK;
    for (size_t i = 0; i < run->count; i++) {
        const struct removal *removal = &run->list[i];
        if (removal->state == FAILED && !removal->told) {
            worst = EXIT_OTHER;
            term_error(&in->term, arena_printf(&in->arena, "%s: it was not removed: %s", removal->target.text,
                                               removal->why ? removal->why : "nothing was said about it"));
        }
        if (in->json)
            write_json(run, removal, &out);
        else
            write_line(run, removal, &out);
    }
    int status = invocation_print(in, buf_view(&out)) < 0 ? EXIT_OTHER : worst;
    buf_free(&out);
    return status;
}

/* What the lines do not say. */
static void note_rest(const struct run *run)
{
    bool untagged = false;
    for (size_t i = 0; i < run->count; i++)
        untagged = untagged || (run->list[i].state == DELETED && run->list[i].target.tag);
    if (run->dry)
        work_note(run->work, TERM_PLAIN,
                  "An image that an index refers to stays as long as the index: that was not "
                  "looked at");
    else if (untagged)
        work_note(run->work, TERM_PLAIN, "An image that had no other tag is gone with its last one");
}

static int parse_targets(struct run *run)
{
    struct work *work = run->work;
    struct invocation *in = work->in;
    run->count = in->operand_count;
    run->list = arena_array(&in->arena, run->count, sizeof *run->list);
    for (size_t i = run->count; i-- > 0;) {
        if (work_target(work, i, TARGET_IMAGE) < 0)
            return -1;
        run->list[i].target = work->target;
    }
    return 0;
}

/* Names what is to go, if it is not too much. */
static int confirm(const struct run *run)
{
    bool tags = false;
    struct buf names = BUF_INIT;
    struct work *work = run->work;
    for (size_t i = 0; i < run->count; i++) {
        const struct ecr_target *target = &run->list[i].target;
        tags = tags || target->tag;
        work->many_places = work->many_places || !ecr_same_registry(target, &run->list[0].target);
        if (i < NAMED_MAX)
            buf_printf(&names, "%s%s", i ? ", " : "", target->text);
    }
    if (run->count > NAMED_MAX)
        buf_printf(&names, " and %zu more", run->count - NAMED_MAX);
    int status = work_confirm(work, "remove %s%s", names.data, tags ? " (an image goes with its last tag)" : "");
    buf_free(&names);
    return status;
}

int image_rm(struct work *work)
{
    struct run run = {.work = work};
    const struct option own[] = {{"dry-run", 0, OPTION_FLAG, &run.dry, NULL}, WORK_PUBLIC(work), WORK_YES(work)};
    if (work_parse(work, own, COUNT_OF(own), 1, SIZE_MAX, "image rm [--dry-run] [--yes] [--public] IMAGE...") < 0 ||
        parse_targets(&run) < 0)
        return -1;
    if (!run.dry && confirm(&run) < 0)
        return -1;
    if (work_open_session(work) < 0)
        return -1;
    int status = run.dry ? look_at_all(&run) : remove_all(&run);
    status = exit_worse(status, print_all(&run));
    note_rest(&run);
    return status;
}
