#include "base/json_write.h"
#include "check/check.h"
#include "cmd/cmd.h"

/* The parts of a reference by their names in the output; NULL values are left out. */
struct part {
    const char *name;
    const char *value;
};

/* The API endpoint that a check would call; NULL, with the invocation's error, when the settings make none. */
static const char *api_endpoint(struct invocation *in, const struct ecr_host *host)
{
    struct aws_config no_files = {.config_text = BUF_INIT, .credentials_text = BUF_INIT, .profile = "default"};
    struct endpoint_wish wish = {host->region, in->session.ecr.endpoint_url, host->fips, host->dual_stack};
    struct url url;
    const struct endpoint_rule *rule = host->is_public ? &ecr_public_endpoint_rule : &ecr_endpoint_rule;
    if (endpoint_url(rule, wish, &no_files, &in->arena, &url, &in->error) < 0)
        return NULL;
    return url_public(&in->arena, &url);
}

static void print_json(struct buf *out, const struct item *item, const struct part *parts, size_t count)
{
    json_open(out, '{');
    json_member_str(out, "image", item->reference.text);
    json_member_str(out, "reference", item->reference.normal);
    for (size_t i = 0; i < count; i++)
        json_member_str(out, parts[i].name, parts[i].value);
    json_member(out, "isEcr");
    buf_str(out, item->is_ecr ? "true" : "false");
    json_member(out, "isPublic");
    buf_str(out, item->ecr.is_public ? "true" : "false");
    json_close(out, '}');
    buf_char(out, '\n');
}

static void print_text(struct buf *out, const struct item *item, const struct part *parts, size_t count)
{
    buf_printf(out, "image       ");
    term_safe(out, item->reference.text);
    buf_printf(out, "\nreference   %s\n", item->reference.normal);
    for (size_t i = 0; i < count; i++)
        if (parts[i].value)
            buf_printf(out, "%-11s %s\n", parts[i].name, parts[i].value);
    buf_printf(out, "ecr         %s\n", !item->is_ecr ? "no" : item->ecr.is_public ? "yes, public" : "yes");
}

static int parse_one(struct invocation *in, const char *text, struct buf *out, bool *is_ecr)
{
    struct reference reference;
    struct item item;
    const char *endpoint = NULL;
    const char *fault = reference_parse(&in->arena, text, &reference);
    if (fault)
        return error_set(&in->error, REASON_USAGE, *text ? text : "''", "not an image reference: %s", fault);
    item_init(&item, &in->arena, &reference);
    *is_ecr = item.is_ecr;
    if (item.is_ecr && !(endpoint = api_endpoint(in, &item.ecr)))
        return -1;
    const struct part parts[] = {
        {"registry", reference.registry},
        {"repository", reference.repository},
        {"tag", reference.tag},
        {"digest", reference.digest},
        {"account", item.ecr.account},
        {"region", item.is_ecr ? item.ecr.region : NULL},
        {"partition", item.is_ecr ? item.ecr.partition : NULL},
        {"endpoint", endpoint},
    };
    if (in->json)
        print_json(out, &item, parts, sizeof parts / sizeof *parts);
    else
        print_text(out, &item, parts, sizeof parts / sizeof *parts);
    return 0;
}

static int parse_all(struct invocation *in, struct buf *out)
{
    int status = EXIT_OK;
    if (in->operand_count == 0)
        return error_set(&in->error, REASON_USAGE, "parse", "no image given");
    for (size_t i = 0; i < in->operand_count; i++) {
        bool is_ecr = false;
        if (parse_one(in, in->operands[i], out, &is_ecr) < 0)
            return -1;
        if (!is_ecr)
            status = EXIT_ABSENT;
    }
    return status;
}

int cmd_parse(struct invocation *in)
{
    struct buf out = BUF_INIT;
    int status = invocation_parse(in, NULL, 0) < 0 ? -1 : parse_all(in, &out);
    if (status < 0)
        status = invocation_fail(in);
    else if (invocation_print(in, buf_view(&out)) < 0)
        status = EXIT_OTHER;
    buf_free(&out);
    return status;
}
