/* INI files: entries lie in the text, in sections; the look-ups find what stands there. */
#include "aws/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice text = input(data, size);
    struct aws_config config = {.profile = "default"};
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    size_t bad = ini_parse(&arena, text, &config.config);
    MUST(bad <= lines && config.config.count <= lines);
    for (size_t i = 0; i < config.config.count; i++) {
        struct ini_entry entry = config.config.entries[i];
        MUST(within(entry.section, text) && within(entry.key, text) && within(entry.value, text) &&
            within(entry.parent, text));
        MUST(slice_find(entry.key, '\n') < 0 && slice_find(entry.value, '\n') < 0 && slice_find(entry.key, '=') < 0);
        MUST(slice_trim(entry.value).len == entry.value.len && slice_trim(entry.key).len == entry.key.len);
        MUST(entry.key.len || !entry.value.len);
        char *section = arena_copy(&arena, entry.section), *key = arena_copy(&arena, entry.key);
        const char *value = aws_config_get_in_config(&config, &arena, section, key);
        MUST(!value || slice_has(text, value));
    }
    config.credentials = config.config;
    aws_config_get_service(&config, &arena, "default", "ecr", "endpoint_url");
    aws_config_region(&config, &arena);
    if (!bad && config.config.count && aws_config_has_profile(&config, "default"))
        aws_config_get(&config, &arena, "default", "region");
    arena_free(&arena);
    return 0;
}
