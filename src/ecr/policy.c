#include "ecr/policy.h"

#include "base/json.h"
#include "base/utf8.h"

/* One of two members, as IAM has "Action" and "NotAction". */
static bool has_either(struct json_node node, const char *one, const char *other)
{
    return json_exists(json_get(node, one)) || json_exists(json_get(node, other));
}

static const char *statement_fault(struct json_node statement)
{
    struct json_node effect = json_get(statement, "Effect");
    if (!json_is(statement, JSON_OBJECT))
        return " is no object";
    if (!json_equals(effect, "Allow") && !json_equals(effect, "Deny"))
        return ".Effect is neither \"Allow\" nor \"Deny\"";
    if (!has_either(statement, "Principal", "NotPrincipal"))
        return ".Principal is missing: such a policy says whom it is about";
    return has_either(statement, "Action", "NotAction") ? NULL : ".Action is missing";
}

const char *ecr_policy_fault(struct arena *arena, struct slice text)
{
    struct json json;
    size_t index = 0, characters;
    if (!utf8_count(text, &characters))
        return "it is not UTF-8";
    if (characters > ECR_POLICY_MAX)
        return "a policy has at most 10240 characters";
    if (json_parse(arena, text, &json) < 0)
        return "it is not JSON";
    struct json_node root = json_root(&json), list = json_get(root, "Statement");
    if (!json_is(root, JSON_OBJECT))
        return "it is no JSON object";
    if (json_is(list, JSON_OBJECT)) {
        const char *fault = statement_fault(list);
        return fault ? arena_printf(arena, "Statement%s", fault) : NULL;
    }
    if (!json_is(list, JSON_ARRAY) || !json_exists(json_first(list)))
        return "Statement is missing, or no list of statements";
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node), index++) {
        const char *fault = statement_fault(node);
        if (fault)
            return arena_printf(arena, "Statement[%zu]%s", index, fault);
    }
    return NULL;
}
