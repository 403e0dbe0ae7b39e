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

static int fail_item(struct inspection *inspection, const struct item *item)
{
    enum state state = reason_state(item->outcome.reason);
    if (state == STATE_ABSENT)
        term_error(&inspection->in->term, verdict_text(&inspection->in->arena, item));
    return (int)reason_exit(item->outcome.reason);
}

static int print_text(struct invocation *in, struct slice text, bool line)
{
    struct buf out = BUF_INIT;
    buf_slice(&out, text);
    if (line)
        buf_char(&out, '\n');
    int status = invocation_print(in, buf_view(&out)) < 0 ? EXIT_OTHER : EXIT_OK;
    buf_free(&out);
    return status;
}

static int print_digest(struct inspection *inspection, const struct item *item)
{
    struct invocation *in = inspection->in;
    struct registry_manifest manifest = {.digest = item->outcome.digest};
    if ((inspection->platform || !manifest.digest) &&
        fetch_manifest(&inspection->session, item, inspection->platform, &in->arena, &manifest, &in->error) < 0)
        return invocation_fail(in);
    if (!in->json)
        return print_text(in, slice_of(manifest.digest), true);
    struct buf out = BUF_INIT;
    json_open(&out, '{');
    json_member_str(&out, "image", item->reference.text);
    json_member_str(&out, "digest", manifest.digest);
    json_member_str(&out, "platform", inspection->platform);
    json_close(&out, '}');
    int status = print_text(in, buf_view(&out), true);
    buf_free(&out);
    return status;
}

/* The exit status of the first that fails, as a pipe's reader wants it. */
static int print_digests(struct inspection *inspection)
{
    int worst = EXIT_OK;
    for (size_t i = 0; i < inspection->count; i++) {
        const struct item *item = &inspection->items[i];
        bool present = reason_state(item->outcome.reason) == STATE_PRESENT;
        int status = present ? print_digest(inspection, item) : fail_item(inspection, item);
        if (status != EXIT_OK && !inspection->in->json)
            print_text(inspection->in, SLICE("-"), true);
        worst = worst == EXIT_OK ? status : worst;
    }
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
