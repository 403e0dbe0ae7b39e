#include <string.h>

#include "aws/imds.h"
#include "base/clock.h"

#define ROLES_PATH "latest/meta-data/iam/security-credentials/"

/* As the SDKs do: an instance whose keys are not replaced in time goes on with them for a while. */
#define STABILITY_SECONDS 600

static const struct credentials_members members = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration",
                                                   "AccountId"};

static const char *first_line(struct arena *arena, struct slice text)
{
    struct slice line = slice_trim(slice_cut(&text, '\n'));
    return line.len ? arena_copy(arena, line) : NULL;
}

static int read_keys(struct source_context *context, const char *role, struct slice body,
                     struct credentials *credentials, struct error *error)
{
    struct json json;
    struct arena *arena = context->arena;
    const char *name = arena_printf(arena, "the instance's role %s (EC2 metadata)", role);
    if (json_parse(arena, body, &json) < 0 || !json_is(json_root(&json), JSON_OBJECT)) {
        error->http_status = 200;
        return error_set(error, REASON_BAD_REPLY, name, "the metadata service answered with something else than JSON");
    }
    struct json_node code = json_get(json_root(&json), "Code");
    if (json_exists(code) && !json_equals(code, "Success")) {
        const char *text = json_cstr(arena, code);
        error_set(error, REASON_NO_CREDENTIALS, name, "the metadata service has no keys: %s", text ? text : "?");
        error_hint(error, "does the role's trust policy let in ec2.amazonaws.com?");
        return -1;
    }
    if (credentials_from_json(arena, json_root(&json), &members, true, true, name, credentials, error) < 0)
        return -1;
    if (credentials_end_within(credentials, 0))
        credentials->expires = clock_unix() + STABILITY_SECONDS;
    return 0;
}

enum source_end source_imds(struct source_context *context, struct credentials *credentials, struct error *error)
{
    struct imds imds;
    struct slice body;
    int status;
    const char *hint = NULL, *role = NULL;
    enum source_end end = imds_open(&imds, context, &hint, error);
    if (end == SOURCE_GAVE && (end = imds_get(&imds, ROLES_PATH, &status, &body, error)) == SOURCE_GAVE) {
        role = status == 200 ? first_line(context->arena, body) : NULL;
        if (!role)
            end = source_not_here(context,
                                  status == 200 || status == 404 ? "the instance has no role (HTTP %d)"
                                                                 : "the metadata service names no role: HTTP %d",
                                  status);
    }
    if (role && (strlen(role) > 128 || strpbrk(role, "<>/ \t")))
        end = source_not_here(context, "the metadata service answers with something else than the name of a role");
    if (end == SOURCE_GAVE) {
        const char *path = arena_printf(context->arena, ROLES_PATH "%s", role);
        end = imds_get(&imds, path, &status, &body, error);
        if (end == SOURCE_GAVE && status != 200)
            end = source_not_here(context, "the metadata service has no keys for the role %s (HTTP %d)", role, status);
    }
    if (end == SOURCE_GAVE)
        return read_keys(context, role, body, credentials, error) < 0 ? SOURCE_FAILED : SOURCE_GAVE;
    if (end == SOURCE_NOT_HERE && hint)
        error_hint(error, "%s", hint);
    return end;
}
