/* Lifecycle policies: what passes has the shape that the service takes, and a fault says where and why. */
#include "base/json.h"
#include "ecr/lifecycle.h"
#include "fuzz.h"

static void check_rule(struct json_node rule)
{
    int64_t priority, count;
    struct json_node selection = json_get(rule, "selection");
    MUST(json_int64(json_get(rule, "rulePriority"), &priority) && priority >= 1);
    MUST(json_int64(json_get(selection, "countNumber"), &count) && count >= 1);
    MUST(json_is(json_get(selection, "tagStatus"), JSON_STRING) && json_is(json_get(selection, "countType"), JSON_STRING));
    MUST(json_is(json_get(json_get(rule, "action"), "type"), JSON_STRING));
    bool listed = json_exists(json_get(selection, "tagPatternList")) || json_exists(json_get(selection, "tagPrefixList"));
    MUST(json_equals(json_get(selection, "tagStatus"), "tagged") == listed);
    MUST(json_exists(json_get(selection, "countUnit")) != json_equals(json_get(selection, "countType"), "imageCountMoreThan"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct json json;
    size_t count = 0;
    struct slice text = input(data, size);
    struct document_fault fault = lifecycle_check(&arena, text);
    if (fault.rule) {
        MUST(fault.path && *fault.rule);
    } else {
        MUST(json_parse(&arena, text, &json) == 0);
        struct json_node list = json_get(json_root(&json), "rules");
        for (struct json_node rule = json_first(list); json_exists(rule); rule = json_next(list, rule), count++)
            check_rule(rule);
        MUST(count >= 1 && count <= LIFECYCLE_RULES_MAX);
    }
    arena_free(&arena);
    return 0;
}
