#include "ecr/lifecycle.h"

#include <string.h>

#include "base/json.h"
#include "base/json_write.h"
#include "base/utf8.h"

#define STARS_MAX           4
#define TRANSITION_DAYS_MIN 90

/* What the checks of one rule leave for those that look at all rules. */
struct rule {
    int64_t priority;
    const char *tag_status;
    bool archive; /* its images are those of the archive storage class */
};

struct checker {
    struct arena *arena;
    size_t index; /* of the rule that is looked at */
    struct document_fault fault;
    struct rule rules[LIFECYCLE_RULES_MAX];
};

/* Notes the first fault, of a member of the rule; "" is the rule itself. */
static bool fail(struct checker *checker, const char *member, const char *rule)
{
    if (!checker->fault.rule)
        checker->fault = (struct document_fault){
            arena_printf(checker->arena, "rules[%zu]%s%s", checker->index, *member ? "." : "", member), rule};
    return false;
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; text && *words; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

/* Members that the grammar does not know are slips: the service refuses them too. */
static bool has_only(struct checker *checker, struct json_node object, const char *path, const char *const *names)
{
    for (struct json_node key = json_first(object); json_exists(key); key = json_next(object, json_next(object, key))) {
        const char *name = json_cstr(checker->arena, key);
        if (!is_one_of(name, names))
            return fail(checker, arena_printf(checker->arena, "%s%s%s", path, *path ? "." : "", name ? name : "?"),
                        "there is no such member");
    }
    return true;
}

static bool check_word(struct checker *checker, struct json_node node, const char *path, const char *const *words,
                       const char *rule)
{
    return is_one_of(json_cstr(checker->arena, node), words) || fail(checker, path, rule);
}

static bool check_tag_lists(struct checker *checker, struct json_node list, const char *path, bool patterns)
{
    if (!json_is(list, JSON_ARRAY) || !json_exists(json_first(list)))
        return fail(checker, path, "it is a list of one text at least");
    size_t index = 0;
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node), index++) {
        size_t stars = 0;
        struct slice text = json_string(checker->arena, node);
        for (size_t i = 0; i < text.len; i++)
            stars += text.data[i] == '*';
        if (!text.len)
            return fail(checker, arena_printf(checker->arena, "%s[%zu]", path, index),
                        "it is a text that is not empty");
        if (patterns && stars > STARS_MAX)
            return fail(checker, arena_printf(checker->arena, "%s[%zu]", path, index),
                        "a pattern has at most four '*'");
    }
    return true;
}

static bool check_tags(struct checker *checker, struct json_node selection, const char *status)
{
    struct json_node patterns = json_get(selection, "tagPatternList"), prefixes = json_get(selection, "tagPrefixList");
    bool tagged = strcmp(status, "tagged") == 0;
    if (!tagged && (json_exists(patterns) || json_exists(prefixes)))
        return fail(checker, json_exists(patterns) ? "selection.tagPatternList" : "selection.tagPrefixList",
                    "it goes with tagStatus \"tagged\" alone");
    if (!tagged)
        return true;
    if (json_exists(patterns) && json_exists(prefixes))
        return fail(checker, "selection.tagPrefixList", "either it or tagPatternList, not both");
    if (!json_exists(patterns) && !json_exists(prefixes))
        return fail(checker, "selection", "tagStatus \"tagged\" needs tagPatternList or tagPrefixList");
    return json_exists(patterns) ? check_tag_lists(checker, patterns, "selection.tagPatternList", true)
                                 : check_tag_lists(checker, prefixes, "selection.tagPrefixList", false);
}

/* The number counts images, or days of the unit. */
static bool check_count(struct checker *checker, struct json_node selection, bool days)
{
    int64_t number;
    struct json_node unit = json_get(selection, "countUnit");
    if (!days && json_exists(unit))
        return fail(checker, "selection.countUnit", "imageCountMoreThan counts images and has no unit");
    if (days && !json_equals(unit, "days"))
        return fail(checker, "selection.countUnit", "it is \"days\" for every countType that begins with since");
    return (json_int64(json_get(selection, "countNumber"), &number) && number >= 1) ||
           fail(checker, "selection.countNumber", "it is a whole number from 1");
}

/* What the kind of count allows for the storage class and the action. */
static bool check_kind(struct checker *checker, struct json_node selection, const char *kind, bool archive,
                       bool transition)
{
    int64_t number = 0;
    json_int64(json_get(selection, "countNumber"), &number);
    if (strcmp(kind, "sinceImagePulled") == 0 && !transition)
        return fail(checker, "selection.countType", "sinceImagePulled goes with the action \"transition\" alone");
    if (strcmp(kind, "sinceImageTransitioned") != 0)
        return true;
    if (!archive)
        return fail(checker, "selection.storageClass", "sinceImageTransitioned needs the storage class \"archive\"");
    if (transition)
        return fail(checker, "action.type", "sinceImageTransitioned goes with \"expire\" alone");
    return number >= TRANSITION_DAYS_MIN ||
           fail(checker, "selection.countNumber", "archived images stay for 90 days at least");
}

static bool check_action(struct checker *checker, struct json_node action, bool *transition)
{
    static const char *const members[] = {"type", "targetStorageClass", NULL};
    static const char *const types[] = {"expire", "transition", NULL};
    struct json_node target = json_get(action, "targetStorageClass");
    if (!json_is(action, JSON_OBJECT))
        return fail(checker, "action", "it is an object, and every rule has one");
    if (!has_only(checker, action, "action", members) ||
        !check_word(checker, json_get(action, "type"), "action.type", types, "it is \"expire\" or \"transition\""))
        return false;
    *transition = json_equals(json_get(action, "type"), "transition");
    if (*transition && !json_equals(target, "archive"))
        return fail(checker, "action.targetStorageClass", "a transition goes to \"archive\"");
    return *transition || !json_exists(target) ||
           fail(checker, "action.targetStorageClass", "it goes with the type \"transition\" alone");
}

static bool check_selection(struct checker *checker, struct json_node selection, bool transition, struct rule *rule)
{
    static const char *const members[] = {"tagStatus", "tagPatternList", "tagPrefixList", "storageClass",
                                          "countType", "countUnit",      "countNumber",   NULL};
    static const char *const statuses[] = {"tagged", "untagged", "any", NULL};
    static const char *const classes[] = {"standard", "archive", NULL};
    static const char *const kinds[] = {"imageCountMoreThan", "sinceImagePushed", "sinceImagePulled",
                                        "sinceImageTransitioned", NULL};
    struct json_node class = json_get(selection, "storageClass"), kind = json_get(selection, "countType");
    if (!json_is(selection, JSON_OBJECT))
        return fail(checker, "selection", "it is an object, and every rule has one");
    if (!has_only(checker, selection, "selection", members) ||
        !check_word(checker, json_get(selection, "tagStatus"), "selection.tagStatus", statuses,
                    "it is \"tagged\", \"untagged\" or \"any\""))
        return false;
    rule->tag_status = json_cstr(checker->arena, json_get(selection, "tagStatus"));
    rule->archive = json_equals(class, "archive");
    if (json_exists(class) &&
        !check_word(checker, class, "selection.storageClass", classes, "it is \"standard\" or \"archive\""))
        return false;
    if (!check_tags(checker, selection, rule->tag_status) ||
        !check_word(checker, kind, "selection.countType", kinds,
                    "it is imageCountMoreThan, sinceImagePushed, sinceImagePulled or sinceImageTransitioned"))
        return false;
    const char *name = json_cstr(checker->arena, kind);
    return check_count(checker, selection, slice_starts(slice_of(name), "since")) &&
           check_kind(checker, selection, name, rule->archive, transition);
}

static bool check_rule(struct checker *checker, struct json_node node, struct rule *rule)
{
    bool transition = false;
    static const char *const members[] = {"rulePriority", "description", "selection", "action", NULL};
    struct json_node description = json_get(node, "description");
    if (!json_is(node, JSON_OBJECT))
        return fail(checker, "", "a rule is an object");
    if (!has_only(checker, node, "", members))
        return false;
    if (!json_int64(json_get(node, "rulePriority"), &rule->priority) || rule->priority < 1)
        return fail(checker, "rulePriority", "it is a whole number from 1");
    if (json_exists(description) && !json_is(description, JSON_STRING))
        return fail(checker, "description", "it is a text");
    return check_action(checker, json_get(node, "action"), &transition) &&
           check_selection(checker, json_get(node, "selection"), transition, rule);
}

/* What holds between the rule that is looked at and another one. */
static bool check_pair(struct checker *checker, const struct rule *rule, const struct rule *other)
{
    bool same_class = rule->archive == other->archive, any = strcmp(rule->tag_status, "any") == 0;
    if (rule->priority == other->priority)
        return fail(checker, "rulePriority", "another rule has the same");
    if (!same_class)
        return true;
    if (strcmp(rule->tag_status, "tagged") != 0 && strcmp(rule->tag_status, other->tag_status) == 0)
        return fail(checker, "selection.tagStatus",
                    any ? "one rule for \"any\" a storage class, and no second"
                        : "one rule for \"untagged\" a storage class, and no second");
    return !any || rule->priority > other->priority ||
           fail(checker, "rulePriority", "the rule for \"any\" has the highest number, so that it comes last");
}

static void check_rules(struct checker *checker, struct json_node list)
{
    size_t count = 0;
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node), count++) {
        checker->index = count;
        if (!check_rule(checker, node, &checker->rules[count]))
            return;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++) {
            checker->index = i;
            if (i != k && !check_pair(checker, &checker->rules[i], &checker->rules[k]))
                return;
        }
}

struct document_fault lifecycle_check(struct arena *arena, struct slice text)
{
    struct json json;
    size_t characters;
    struct checker checker = {.arena = arena};
    static const char *const members[] = {"rules", NULL};
    if (!utf8_count(text, &characters))
        return (struct document_fault){"", "it is not UTF-8"};
    if (characters > LIFECYCLE_TEXT_MAX)
        return (struct document_fault){"", "a lifecycle policy has at most 30720 characters"};
    if (json_parse(arena, text, &json) < 0)
        return (struct document_fault){"", "it is not JSON"};
    struct json_node root = json_root(&json), list = json_get(root, "rules");
    if (!json_is(root, JSON_OBJECT) || !json_is(list, JSON_ARRAY))
        return (struct document_fault){"rules", "a lifecycle policy is an object with a list of rules"};
    size_t count = json_count(list);
    if (count < 1 || count > LIFECYCLE_RULES_MAX)
        return (struct document_fault){"rules", "there are 1 to 50 of them"};
    for (struct json_node key = json_first(root); json_exists(key); key = json_next(root, json_next(root, key)))
        if (!is_one_of(json_cstr(arena, key), members))
            return (struct document_fault){arena_copy(arena, json_raw(key)), "there is no such member"};
    check_rules(&checker, list);
    return checker.fault;
}

static void open_rule(struct buf *out, int priority, const char *description)
{
    json_open(out, '{');
    json_member_int(out, "rulePriority", priority);
    json_member_str(out, "description", description);
    json_member(out, "selection");
    json_open(out, '{');
}

static void close_rule(struct buf *out, const char *kind, const char *unit, int64_t number)
{
    json_member_str(out, "countType", kind);
    json_member_str(out, "countUnit", unit);
    json_member_int(out, "countNumber", number);
    json_close(out, '}');
    json_member(out, "action");
    json_open(out, '{');
    json_member_str(out, "type", "expire");
    json_close(out, '}');
    json_close(out, '}');
}

void lifecycle_write(struct buf *out, const struct lifecycle_wish *wish)
{
    int priority = 1;
    json_open(out, '{');
    json_member(out, "rules");
    json_open(out, '[');
    if (wish->untagged_days) {
        open_rule(out, priority++, "untagged images go");
        json_member_str(out, "tagStatus", "untagged");
        close_rule(out, "sinceImagePushed", "days", wish->untagged_days);
    }
    for (size_t i = 0; i < wish->prefix_count; i++) {
        open_rule(out, priority++, "the newest images stay");
        json_member_str(out, "tagStatus", "tagged");
        json_member(out, "tagPrefixList");
        json_open(out, '[');
        json_write_str(out, wish->prefixes[i]);
        json_close(out, ']');
        close_rule(out, "imageCountMoreThan", NULL, wish->keep);
    }
    if (wish->keep && !wish->prefix_count) {
        open_rule(out, priority, "the newest images stay");
        json_member_str(out, "tagStatus", "any");
        close_rule(out, "imageCountMoreThan", NULL, wish->keep);
    }
    json_close(out, ']');
    json_close(out, '}');
}
