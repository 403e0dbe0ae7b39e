#include "cmd/images.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "cmd/github.h"
#include "cmd/select.h"
#include "image/digest.h"
#include "image/listing.h"
#include "image/platform.h"
#include "image/yaml.h"

static const char *const via_choices[] = {"auto", "ecr", "registry", "docker", "local", NULL};

size_t image_options(struct image_arguments *arguments, struct option list[static IMAGE_OPTIONS])
{
    const struct option all[] = {
        {"via", 0, OPTION_CHOICE, &arguments->via, via_choices},
        {"file", 'f', OPTION_LIST, &arguments->files, NULL},
        {"platform", 0, OPTION_LIST, &arguments->platforms, NULL},
        {"deep", 0, OPTION_FLAG, &arguments->deep, NULL},
        {"digest", 0, OPTION_TEXT, &arguments->digest, NULL},
        {"max-age", 0, OPTION_DURATION, &arguments->max_age_ms, NULL},
        {"max-size", 0, OPTION_SIZE, &arguments->max_size, NULL},
        {"has-signature", 0, OPTION_FLAG, &arguments->signature, NULL},
        {"pull-through", 0, OPTION_FLAG, &arguments->pull_through, NULL},
        {"format", 0, OPTION_TEXT, &arguments->format, NULL},
        {"github-output", 0, OPTION_TEXT, &arguments->github_output, NULL},
    };
    _Static_assert(sizeof all / sizeof *all <= IMAGE_OPTIONS, "the callers have that much room");
    memcpy(list, all, sizeof all);
    return sizeof all / sizeof *all;
}

static int read_file(struct invocation *in, const char *name, struct slice *text)
{
    struct buf content;
    if (strcmp(name, "-") == 0)
        return invocation_read(in, YAML_TEXT_MAX, text);
    int status = file_read(name, YAML_TEXT_MAX, &content);
    if (status)
        return error_set(&in->error, REASON_USAGE, name, "cannot read it: %s",
                         status == EFBIG ? "it is larger than 16 MiB" : strerror(status));
    *text = arena_slice(&in->arena, buf_view(&content));
    buf_free(&content);
    return 0;
}

/* The files, each with what it names. */
struct listings {
    const char *name;
    struct listing listing;
};

static int read_listing(struct invocation *in, const char *name, struct listings *read)
{
    struct slice text = {NULL, 0};
    size_t line;
    if (read_file(in, name, &text) < 0)
        return -1;
    read->name = strcmp(name, "-") == 0 ? "stdin" : name;
    if (slice_find(text, 0) >= 0)
        return error_set(&in->error, REASON_USAGE, read->name, "is no text: it holds a NUL byte");
    const char *fault = listing_read(&in->arena, text, name, &read->listing, &line);
    return fault ? error_set(&in->error, REASON_USAGE, read->name, "line %zu: %s", line, fault) : 0;
}

static int parse(struct invocation *in, const char *text, const char *file, size_t line, struct item *item)
{
    struct reference reference;
    const char *fault = reference_parse(&in->arena, text, &reference);
    if (fault && file)
        return error_set(&in->error, REASON_USAGE, file, "line %zu: '%s' is not an image reference: %s", line, text,
                         fault);
    if (fault)
        return error_set(&in->error, REASON_USAGE, *text ? text : "''", "not an image reference: %s", fault);
    item_init(item, &in->arena, &reference);
    item->file = file;
    item->line = line;
    return 0;
}

static int parse_all(struct invocation *in, const struct listings *read, size_t files, struct item *items,
                     size_t *count)
{
    for (size_t i = 0; i < in->operand_count; i++)
        if (parse(in, in->operands[i], NULL, 0, &items[(*count)++]) < 0)
            return -1;
    for (size_t f = 0; f < files; f++)
        for (size_t i = 0; i < read[f].listing.count; i++) {
            const struct listed_image *image = &read[f].listing.images[i];
            if (parse(in, image->text, read[f].name, image->line, &items[(*count)++]) < 0)
                return -1;
        }
    return 0;
}

int images_read(struct invocation *in, const struct image_arguments *arguments, struct item **items, size_t *count)
{
    size_t files = arguments->files.count, room = in->operand_count;
    struct listings *read = arena_array(&in->arena, files, sizeof *read);
    *count = 0;
    if (room == 0 && files == 0) {
        error_set(&in->error, REASON_USAGE, in->name, "no image given");
        error_hint(&in->error, "ecr %s REGISTRY/REPOSITORY:TAG..., or -f FILE", in->name);
        return -1;
    }
    for (size_t i = 0; i < files; i++) {
        if (read_listing(in, arguments->files.values[i], &read[i]) < 0)
            return -1;
        room += read[i].listing.count;
    }
    *items = arena_array(&in->arena, room, sizeof **items);
    if (parse_all(in, read, files, *items, count) < 0)
        return -1;
    return *count ? 0 : error_set(&in->error, REASON_USAGE, arguments->files.values[0], "it names no image");
}

int images_check_options(struct invocation *in, const struct image_arguments *arguments, struct check_options *options)
{
    *options = (struct check_options){
        .via = arguments->via == 0 ? VIA_AUTO : arguments->via - 1,
        .pull_through = arguments->pull_through,
        .required = {.digest = arguments->digest,
                     .max_age_ms = arguments->max_age_ms,
                     .max_size = arguments->max_size,
                     .signature = arguments->signature,
                     .deep = arguments->deep,
                     .platforms = arena_array(&in->arena, arguments->platforms.count, sizeof(const char *))}};
    if (arguments->format && !select_is_path(arguments->format))
        return error_set(&in->error, REASON_USAGE, "--format", "'%s' is no member like digest or {{.digest}}",
                         arguments->format);
    if (arguments->github_output && github_output_check(arguments->github_output, &in->error) < 0)
        return -1;
    const char *fault = arguments->digest ? digest_fault(slice_of(arguments->digest)) : NULL;
    if (fault)
        return error_set(&in->error, REASON_USAGE, "--digest", "'%s': %s", arguments->digest, fault);
    for (size_t i = 0; i < arguments->platforms.count; i++) {
        const char *platform = platform_parse(&in->arena, arguments->platforms.values[i]);
        if (!platform)
            return error_set(&in->error, REASON_USAGE, "--platform",
                             "'%s' is no platform like linux/amd64, linux/arm/v7 or native",
                             arguments->platforms.values[i]);
        options->required.platforms[options->required.platform_count++] = platform;
    }
    return 0;
}
