/* replication: where pushed images are copied to. */
#include <string.h>

#include "base/json_same.h"
#include "cmd/replication.h"
#include "ecr/name.h"
#include "ecr/replication.h"

#define CONFIGURATION_MAX (1 << 20)
#define RULES_SHOWN_MAX   100 /* the service has 10 */

static int call(struct work *work, const char *operation, struct buf *body, struct json_node *reply)
{
    struct invocation *in = work->in;
    return ecr_manage(&work->api, operation, "the registry", body, &in->arena, reply, &in->error);
}

/* The registry's account, and its configuration. */
static int describe(struct work *work, struct json_node *registry)
{
    struct buf body = BUF_INIT;
    struct invocation *in = work->in;
    json_open(&body, '{');
    if (call(work, "DescribeRegistry", &body, registry) < 0)
        return -1;
    struct json_node configuration = json_get(*registry, "replicationConfiguration");
    bool good = !replication_check(&in->arena, configuration, false).rule &&
                json_cstr(&in->arena, json_get(*registry, "registryId"));
    return good ? 0 : ecr_not_what_was_asked(&work->api, "DescribeRegistry", &in->error);
}

static const char *destination_text(struct json_node rule, struct arena *arena)
{
    struct buf text = BUF_INIT;
    struct json_node list = json_get(rule, "destinations");
    for (struct json_node node = json_first(list); json_exists(node); node = json_next(list, node))
        buf_printf(&text, "%s%s/%s", text.len ? "," : "", node_text(json_get(node, "region"), arena),
                   node_text(json_get(node, "registryId"), arena));
    return buf_detach(&text, arena);
}

/* The rules of a configuration, in `arena`. */
static struct ecr_rows list_rules(struct json_node configuration, struct arena *arena)
{
    struct ecr_rows rows = {arena_array(arena, RULES_SHOWN_MAX, sizeof *rows.list), 0};
    struct json_node list = json_get(configuration, "rules");
    for (struct json_node node = json_first(list); json_exists(node) && rows.count < RULES_SHOWN_MAX;
         node = json_next(list, node))
        rows.list[rows.count++] = node;
    return rows;
}

struct listing {
    struct work *work;
    const struct ecr_rows *rows;
};

static const char *fill_destinations(void *context, size_t row, size_t column)
{
    const struct listing *listing = context;
    (void)column;
    return destination_text(listing->rows->list[row], &listing->work->in->arena);
}

static int print_rules(struct work *work, const struct ecr_rows *rows)
{
    static const struct field fields[] = {
        {{"TO", false, true, 0}, NULL, FIELD_TEXT},
        {{"PREFIXES", false, true, 0}, "repositoryFilters", FIELD_TEXT},
    };
    struct listing listing = {work, rows};
    return rows_print(work->in, fields, COUNT_OF(fields), rows->list, rows->count, fill_destinations, &listing);
}

static int replication_show(struct work *work)
{
    struct json_node registry;
    struct invocation *in = work->in;
    if (work_parse(work, NULL, 0, 0, 0, "replication show") < 0 || work_open(work) < 0 || describe(work, &registry) < 0)
        return -1;
    struct json_node configuration = json_get(registry, "replicationConfiguration");
    struct ecr_rows rows = list_rules(configuration, &in->arena);
    if (!rows.count)
        return error_set(&in->error, REASON_NOT_SET, "the registry", "it has no replication rules");
    return in->json ? work_print(work, "", configuration) : print_rules(work, &rows);
}

/* What the command line asks for. */
struct wish {
    struct text_list to, prefixes;
    struct slice text; /* of a file */
};

static int check_wish(struct work *work, const struct wish *wish)
{
    if (wish->to.count > REPLICATION_DESTINATIONS_MAX)
        return work_refuse(work, "--to", "a registry replicates to 25 destinations at most");
    for (size_t i = 0; i < wish->to.count; i++) {
        struct slice account = slice_of(wish->to.values[i]);
        const char *fault = ecr_region_fault(slice_cut(&account, '/'));
        fault = !fault && account.data ? ecr_account_fault(account) : fault;
        for (size_t k = 0; k < i && !fault; k++)
            fault = strcmp(wish->to.values[k], wish->to.values[i]) == 0 ? "it is given twice" : NULL;
        if (fault)
            return work_refuse(work, wish->to.values[i], fault);
    }
    return work_check_list(work, &wish->prefixes, "--prefix", REPLICATION_FILTERS_MAX,
                           "a rule has 100 prefixes at most", ecr_replication_prefix_fault);
}

/* A file holds the configuration, or the object around it as DescribeRegistry gives it. */
static int read_file(struct work *work, const char *path, struct wish *wish)
{
    struct json json;
    struct invocation *in = work->in;
    const char *name = work_input_name(path);
    if (work_read(work, path, CONFIGURATION_MAX, &wish->text) < 0)
        return -1;
    if (json_parse(&in->arena, wish->text, &json) < 0)
        return work_refuse(work, name, "it is not JSON");
    struct json_node inner = json_get(json_root(&json), "replicationConfiguration");
    struct json_node root = json_exists(inner) ? inner : json_root(&json);
    struct document_fault fault = replication_check(&in->arena, root, true);
    if (fault.rule)
        return error_set(&in->error, REASON_USAGE, name, "%s: %s", fault.path, fault.rule);
    if (!json_exists(json_first(json_get(root, "rules"))))
        return work_refuse(work, name, "rules: it is empty; 'ecr replication rm' removes all of them");
    wish->text = json_raw(root);
    return 0;
}

static int parse_wish(struct work *work, struct wish *wish)
{
    struct invocation *in = work->in;
    const struct option own[] = {
        {"to", 0, OPTION_LIST, &wish->to, NULL}, {"prefix", 0, OPTION_LIST, &wish->prefixes, NULL}, WORK_YES(work)};
    static const char usage[] = "replication set [--yes] FILE | --to REGION[/ACCOUNT]... [--prefix P]...";
    if (work_parse(work, own, COUNT_OF(own), 0, 1, usage) < 0 || check_wish(work, wish) < 0)
        return -1;
    if (in->operand_count && (wish->to.count || wish->prefixes.count))
        return work_refuse(work, in->operands[0], "either a file, or --to and --prefix");
    if (!in->operand_count && !wish->to.count)
        return work_refuse(work, "replication", "to where? a file, or --to REGION[/ACCOUNT]");
    return in->operand_count ? read_file(work, in->operands[0], wish) : 0;
}

/* One rule: all destinations, for repositories of any of the prefixes. */
static void write_rule(struct buf *body, const struct wish *wish, const char *own_account, struct arena *arena)
{
    json_open(body, '{');
    json_member(body, "destinations");
    json_open(body, '[');
    for (size_t i = 0; i < wish->to.count; i++) {
        struct slice account = slice_of(wish->to.values[i]);
        struct slice region = slice_cut(&account, '/');
        json_open(body, '{');
        json_member_str(body, "region", arena_copy(arena, region));
        json_member_str(body, "registryId", account.data ? account.data : own_account);
        json_close(body, '}');
    }
    json_close(body, ']');
    work_write_filters(body, "repositoryFilters", "PREFIX_MATCH", &wish->prefixes);
    json_close(body, '}');
}

static int put(struct work *work, struct slice configuration, struct json_node *reply)
{
    struct buf body = BUF_INIT;
    json_open(&body, '{');
    json_member(&body, "replicationConfiguration");
    json_write_raw(&body, configuration);
    if (call(work, "PutReplicationConfiguration", &body, reply) < 0)
        return -1;
    struct json_node set = json_get(*reply, "replicationConfiguration");
    bool good = !replication_check(&work->in->arena, set, false).rule;
    return good ? 0 : ecr_not_what_was_asked(&work->api, "PutReplicationConfiguration", &work->in->error);
}

static struct slice write_wish(struct work *work, const struct wish *wish, const char *account)
{
    struct buf text = BUF_INIT;
    struct arena *arena = &work->in->arena;
    json_open(&text, '{');
    json_member(&text, "rules");
    json_open(&text, '[');
    write_rule(&text, wish, account, arena);
    json_close(&text, ']');
    json_close(&text, '}');
    struct slice whole = arena_slice(arena, buf_view(&text));
    buf_free(&text);
    return whole;
}

/* Asks before rules are lost: the new ones take the place of all. */
static int confirm_loss(struct work *work, struct json_node is, struct slice text)
{
    struct json wanted;
    struct arena *arena = &work->in->arena;
    if (json_parse(arena, text, &wanted) < 0)
        return error_set(&work->in->error, REASON_USAGE, "replication", "the configuration is not JSON");
    size_t lost = 0;
    struct json_node old = json_get(is, "rules"), new = json_get(json_root(&wanted), "rules");
    for (struct json_node rule = json_first(old); json_exists(rule); rule = json_next(old, rule)) {
        struct json_node kept = json_first(new);
        while (json_exists(kept) && !json_same(kept, rule))
            kept = json_next(new, kept);
        lost += !json_exists(kept);
    }
    return lost ? work_confirm(work, "replace %zu of the registry's replication rules", lost) : 0;
}

/* Whether an account is left to be that of the registry. */
static bool needs_account(const struct wish *wish)
{
    for (size_t i = 0; i < wish->to.count; i++)
        if (slice_find(slice_of(wish->to.values[i]), '/') < 0)
            return true;
    return false;
}

static int replication_set(struct work *work)
{
    struct wish wish = {.text = {NULL, 0}};
    struct json_node registry = {NULL, 0}, reply;
    struct invocation *in = work->in;
    if (parse_wish(work, &wish) < 0 || work_open(work) < 0)
        return -1;
    if ((!work->yes || needs_account(&wish)) && describe(work, &registry) < 0)
        return -1;
    const char *account = json_cstr(&in->arena, json_get(registry, "registryId"));
    struct slice text = wish.text.data ? wish.text : write_wish(work, &wish, account);
    if (confirm_loss(work, json_get(registry, "replicationConfiguration"), text) < 0 || put(work, text, &reply) < 0)
        return -1;
    work_note(work, TERM_PLAIN, "Replication set: it is for what is pushed from now on");
    return work_done(work, json_get(reply, "replicationConfiguration"));
}

static int replication_rm(struct work *work)
{
    struct json_node registry, reply;
    struct invocation *in = work->in;
    const struct option own[] = {WORK_YES(work)};
    if (work_parse(work, own, COUNT_OF(own), 0, 0, "replication rm [--yes]") < 0 ||
        work_confirm(work, "remove all replication rules of the registry") < 0 || work_open(work) < 0 ||
        describe(work, &registry) < 0)
        return -1;
    if (!list_rules(json_get(registry, "replicationConfiguration"), &in->arena).count) {
        work_note(work, TERM_PLAIN, "There were no replication rules");
        return EXIT_OK;
    }
    if (put(work, SLICE("{\"rules\":[]}"), &reply) < 0)
        return -1;
    work_note(work, TERM_PLAIN, "Replication rules removed (what was copied stays)");
    return work_done(work, json_get(reply, "replicationConfiguration"));
}

int cmd_replication(struct invocation *in)
{
    static const struct verb verbs[] = {{"show", replication_show},
                                        {"set", replication_set},
                                        {"rm", replication_rm},
                                        {"status", replication_status},
                                        {NULL, NULL}};
    return work_run(in, verbs);
}
