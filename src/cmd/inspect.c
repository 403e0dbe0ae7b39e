/* digest, manifest, config: what an image is, of one that is there. */
#include <string.h>

#include "base/json_write.h"
#include "check/fetch.h"
#include "cmd/verdicts.h"

/* A command's images, checked. */
struct inspection {
    struct invocation *in;
    struct session session;
    struct image_arguments arguments;
    struct item *items;
    size_t count;
    const char *platform; /* NULL: none was named */
};

static int parse(struct inspection *inspection, bool one)
{
    struct invocation *in = inspection->in;
    struct option own[IMAGE_OPTIONS];
    struct check_options options;
    if (invocation_parse(in, own, image_options(&inspection->arguments, own)) < 0 ||
        images_check_options(in, &inspection->arguments, &options) < 0 ||
        images_read(in, &inspection->arguments, &inspection->items, &inspection->count) < 0)
        return -1;
    if (one && inspection->count > 1)
        return error_set(&in->error, REASON_USAGE, inspection->items[1].reference.text, "'ecr %s' takes one image",
                         in->name);
    if (options.required.platform_count > 1)
        return error_set(&in->error, REASON_USAGE, "--platform", "'ecr %s' takes one", in->name);
    inspection->platform = options.required.platform_count ? options.required.platforms[0] : NULL;
    return 0;
}

/* Checks without a word on stdout. The platform is chosen afterwards, so that nothing is required of it. */
static int check(struct inspection *inspection)
{
    struct check_options options;
    struct image_arguments arguments = inspection->arguments;
    arguments.platforms.count = 0;
    arguments.github_output = NULL;
    if (images_check_options(inspection->in, &arguments, &options) < 0)
        return invocation_fail(inspection->in);
    return verdicts_run(inspection->in, &inspection->session, inspection->items, inspection->count, &options,
                        &arguments, true);
}

/* What is not there, or not found out (which was told already), as an error of the command. */
static int fail_item(struct inspection *inspection, const struct item *item)
{
    struct invocation *in = inspection->in;
    const struct outcome *outcome = &item->outcome;
    error_set(&in->error, outcome->reason, item->reference.text, "%s: %s", reason_name(outcome->reason),
              outcome->detail ? outcome->detail : "nothing could be asked");
    if (reason_state(outcome->reason) == STATE_ABSENT)
        return invocation_fail(in);
    invocation_print_error(in);
    return (int)reason_exit(outcome->reason);
}

static int print_text(struct invocation *in, struct slice text, bool line)
{
    struct buf out = BUF_INIT;
    buf_slice(&out, text);
    if (line)
        buf_char(&out, '\n');
    return invocation_finish(in, &out);
}

static int print_row(struct inspection *inspection, const struct item *item, const char *digest, enum reason reason)
{
    struct buf out = BUF_INIT;
    json_open(&out, '{');
    json_member_str(&out, "image", item->reference.text);
    json_member_str(&out, "state", state_name(reason_state(reason)));
    json_member_str(&out, "reason", reason_name(reason));
    json_member_str(&out, "digest", digest);
    json_member_str(&out, "platform", inspection->platform);
    json_close(&out, '}');
    int status = print_text(inspection->in, buf_view(&out), true);
    buf_free(&out);
    return status;
}

/* One line an image, whatever came of it, so that lines keep step with the images. */
static int print_digest(struct inspection *inspection, const struct item *item)
{
    struct invocation *in = inspection->in;
    struct registry_manifest manifest = {.digest = item->outcome.digest};
    enum reason reason = item->outcome.reason;
    if (reason_state(reason) == STATE_ABSENT)
        term_error(&in->term, verdict_text(&in->arena, item));
    bool fetches = reason == REASON_OK && (inspection->platform || !manifest.digest);
    if (fetches &&
        fetch_manifest(&inspection->session, item, inspection->platform, &in->arena, &manifest, &in->error) < 0) {
        reason = in->error.reason;
        term_error(&in->term, error_text(&in->error, &in->arena));
    }
    const char *digest = reason == REASON_OK ? manifest.digest : NULL;
    int status =
        in->json ? print_row(inspection, item, digest, reason) : print_text(in, slice_of(digest ? digest : "-"), true);
    return status == EXIT_OK ? (int)reason_exit(reason) : status;
}

static int print_digests(struct inspection *inspection)
{
    int worst = EXIT_OK;
    for (size_t i = 0; i < inspection->count; i++)
        worst = exit_worse(worst, print_digest(inspection, &inspection->items[i]));
    return worst;
}

static int print_manifest(struct inspection *inspection)
{
    struct invocation *in = inspection->in;
    struct registry_manifest manifest;
    const struct item *item = &inspection->items[0];
    if (reason_state(item->outcome.reason) != STATE_PRESENT)
        return fail_item(inspection, item);
    if (fetch_manifest(&inspection->session, item, inspection->platform, &in->arena, &manifest, &in->error) < 0)
        return invocation_fail(in);
    return print_text(in, manifest.body, false);
}

static int print_config(struct inspection *inspection)
{
    struct invocation *in = inspection->in;
    struct slice config;
    const struct item *item = &inspection->items[0];
    if (reason_state(item->outcome.reason) != STATE_PRESENT)
        return fail_item(inspection, item);
    if (fetch_config(&inspection->session, item, inspection->platform, &in->arena, &config, &in->error) < 0)
        return invocation_fail(in);
    return print_text(in, config, false);
}

static int run(struct invocation *in, bool one, int (*print)(struct inspection *))
{
    struct inspection inspection = {.in = in};
    if (parse(&inspection, one) < 0)
        return invocation_fail(in);
    int status = invocation_open(in, &inspection.session) < 0 ? invocation_fail(in) : EXIT_OK;
    if (status == EXIT_OK) {
        check(&inspection);
        status = print(&inspection);
    }
    session_close(&inspection.session);
    return status;
}

int cmd_digest(struct invocation *in)
{
    return run(in, false, print_digests);
}

int cmd_manifest(struct invocation *in)
{
    return run(in, true, print_manifest);
}

int cmd_config(struct invocation *in)
{
    return run(in, true, print_config);
}
