/* tag: further tags for an image, without pulling it. */
#include <string.h>

#include "base/json_merge.h"
#include "cmd/image.h"
#include "image/reference.h"

struct tagging {
    struct work *work;
    const char **tags;
    size_t count;
    struct ecr_image image; /* its exact bytes */
};

/* Why a full name is no tag of the source's repository; NULL if it is one. */
static const char *fault_of_name(struct tagging *tagging, const struct ecr_target *new_one)
{
    struct error *error = &tagging->work->in->error;
    const struct ecr_target *source = &tagging->work->target;
    bool both = source->has_host && new_one->has_host;
    if (strcmp(source->repository, new_one->repository) != 0 ||
        (both && strcmp(source->host.name, new_one->host.name) != 0))
        return arena_printf(error->arena, "that is another repository than %s: 'ecr copy' copies an image there",
                            source->text);
    if (new_one->has_host && !source->has_host)
        return arena_printf(error->arena, "%s does not say its registry, so it may be another: name it there, too",
                            source->text);
    return new_one->digest ? "a new tag is wanted, without a digest" : NULL;
}

/* A new tag is a tag alone, or the full name of it in the same repository. */
static int take_tag(struct tagging *tagging, const char *text, const char **tag)
{
    struct ecr_target other;
    struct invocation *in = tagging->work->in;
    bool is_name = slice_find(slice_of(text), ':') >= 0 || slice_find(slice_of(text), '/') >= 0;
    const char *fault = is_name ? NULL : reference_tag_fault(slice_of(text));
    *tag = text;
    if (fault)
        return error_set(&in->error, REASON_USAGE, *text ? text : "''", "%s", fault);
    if (!is_name)
        return 0;
    if (ecr_target_parse(&in->arena, text, TARGET_IMAGE, false, &other, &in->error) < 0)
        return -1;
    *tag = other.tag;
    fault = fault_of_name(tagging, &other);
    return fault ? error_set(&in->error, REASON_USAGE, text, "%s", fault) : 0;
}

static int parse(struct tagging *tagging)
{
    struct work *work = tagging->work;
    struct invocation *in = work->in;
    if (work_parse(work, NULL, 0, 2, SIZE_MAX, "tag IMAGE NEWTAG...") < 0 || work_target(work, 0, TARGET_IMAGE) < 0)
        return -1;
    tagging->count = in->operand_count - 1;
    tagging->tags = arena_array(&in->arena, tagging->count, sizeof *tagging->tags);
    for (size_t i = 0; i < tagging->count; i++)
        if (take_tag(tagging, in->operands[i + 1], &tagging->tags[i]) < 0)
            return -1;
    return 0;
}

/* A deployment that follows "latest" cannot say later what it ran. */
static void note_latest(const struct tagging *tagging)
{
    const char *source = tagging->work->target.tag;
    bool named = source && strcmp(source, "latest") != 0;
    for (size_t i = 0; i < tagging->count; i++)
        named = named || strcmp(tagging->tags[i], "latest") != 0;
    if (!named)
        work_note(tagging->work, TERM_YELLOW,
                  "'latest' alone does not say later what was run: tag the commit as well, as in 'ecr tag IMAGE "
                  "$COMMIT latest'");
}

static int read_image(struct tagging *tagging)
{
    enum reason reason;
    const char *failure;
    struct work *work = tagging->work;
    struct invocation *in = work->in;
    const struct ecr_target *target = &work->target;
    struct ecr_image_id id = {target->digest ? NULL : target->tag, target->digest};
    if (ecr_batch_get_image(&work->api, target->repository, &id, 1, &tagging->image, &reason, &failure, &in->arena,
                            &in->error) < 0)
        return ecr_explain(&work->api, target->text, &in->error);
    if (reason == REASON_OK)
        return 0;
    error_set(&in->error, reason, target->text, "its manifest could not be read: %s", failure);
    if (reason != REASON_NO_IMAGE)
        return -1;
    error_hint(&in->error, "'ecr image ls' lists what there is");
    return image_explain_hidden(work);
}

/* The full name of a new tag, as far as the source's was typed. */
static const char *name_of(const struct tagging *tagging, const char *tag)
{
    const struct ecr_target *source = &tagging->work->target;
    return arena_printf(&tagging->work->in->arena, "%s%s%s:%s", source->has_host ? source->host.name : "",
                        source->has_host ? "/" : "", source->repository, tag);
}

/* The digest that a tag points to now; NULL if that cannot be found out. */
static const char *find_digest(struct tagging *tagging, const char *tag)
{
    struct ecr_image image;
    struct ecr_image_id id = {tag, NULL};
    struct error ignored = {.arena = &tagging->work->in->arena};
    struct work *work = tagging->work;
    return ecr_describe_images(&work->api, work->target.repository, &id, 1, &image, &work->in->arena, &ignored) == 0
               ? image.digest
               : NULL;
}

/* The tag cannot be moved: that is right as it is, if it points to this image already. */
static int judge_conflict(struct tagging *tagging, const char *tag)
{
    struct invocation *in = tagging->work->in;
    const char *is = find_digest(tagging, tag);
    if (is && strcmp(is, tagging->image.digest) == 0)
        return 0;
    const char *name = name_of(tagging, tag);
    if (!is)
        return error_set(&in->error, REASON_REFUSED, name,
                         "the tag is immutable and points elsewhere than to %s; where to could not be asked",
                         tagging->image.digest);
    error_set(&in->error, REASON_REFUSED, name, "the tag is immutable and points to %s, not to %s", is,
              tagging->image.digest);
    error_hint(&in->error, "choose another tag, or 'ecr repo set --immutable --except FILTER' for tags that move");
    return -1;
}

static int put_tag(struct tagging *tagging, const char *tag)
{
    struct buf body;
    struct json_node reply;
    struct work *work = tagging->work;
    struct invocation *in = work->in;
    ecr_manage_open(&work->api, work->target.repository, &body);
    json_member(&body, "imageManifest");
    json_write_slice(&body, tagging->image.manifest);
    json_member_str(&body, "imageManifestMediaType", tagging->image.media_type);
    json_member_str(&body, "imageTag", tag);
    json_member_str(&body, "imageDigest", tagging->image.digest);
    const char *thing = name_of(tagging, tag);
    if (ecr_manage(&work->api, "PutImage", thing, &body, &in->arena, &reply, &in->error) == 0) {
        bool same = json_equals(field_node("image.imageId.imageDigest", reply), tagging->image.digest);
        return same ? 0 : ecr_not_what_was_asked(&work->api, "PutImage", &in->error);
    }
    if (ecr_error_is(&in->error, "ImageAlreadyExistsException"))
        return 0;
    return ecr_error_is(&in->error, "ImageTagAlreadyExistsException") ? judge_conflict(tagging, tag) : -1;
}

/* "TAG  DIGEST", or an object as the service has it in PutImage's answer, without the manifest. */
static int print_tag(const struct tagging *tagging, const char *tag)
{
    struct buf out = BUF_INIT;
    const struct work *work = tagging->work;
    if (work->in->json) {
        json_open(&out, '{');
        json_member_str(&out, "registryId", work->api.account);
        json_member_str(&out, "repositoryName", work->target.repository);
        json_member(&out, "imageId");
        json_open(&out, '{');
        json_member_str(&out, "imageDigest", tagging->image.digest);
        json_member_str(&out, "imageTag", tag);
        json_close(&out, '}');
        json_member_str(&out, "imageManifestMediaType", tagging->image.media_type);
        json_close(&out, '}');
    } else {
        buf_printf(&out, "%s  %s", tag, tagging->image.digest);
    }
    buf_char(&out, '\n');
    return invocation_finish(work->in, &out);
}

static int run(struct work *work)
{
    int status = EXIT_OK;
    struct tagging tagging = {.work = work};
    if (parse(&tagging) < 0)
        return -1;
    note_latest(&tagging);
    if (work_open(work) < 0 || read_image(&tagging) < 0)
        return -1;
    /* In their order, and none after one that failed: a moving tag that comes last must not outrun the others. */
    for (size_t i = 0; i < tagging.count && status == EXIT_OK; i++)
        status = put_tag(&tagging, tagging.tags[i]) < 0 ? -1 : print_tag(&tagging, tagging.tags[i]);
    return status;
}

int cmd_tag(struct invocation *in)
{
    return work_run_one(in, run);
}
