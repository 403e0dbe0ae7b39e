#include "aws/sts.h"

#include <string.h>

#include "aws/client.h"
#include "aws/code.h"
#include "aws/endpoint.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"

#define STS_REPLY_MAX  (64 << 10) /* credentials take 2 KB */
#define STS_VERSION    "2011-06-15"
#define DEFAULT_REGION "us-east-1"

static enum reason reason_of(const char *code)
{
    static const struct {
        const char *code;
        enum reason reason;
    } table[] = {
        {"IDPCommunicationError", REASON_SERVER_ERROR}, /* STS could not ask the identity provider: passes */
        {"InvalidIdentityToken", REASON_DENIED},
        {"IDPRejectedClaim", REASON_DENIED},
        {"RegionDisabledException", REASON_DENIED},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(code, table[i].code) == 0)
            return table[i].reason;
    return CODE_UNKNOWN;
}

static const struct aws_service service = {"STS", "sts", NULL, &aws_query_protocol, reason_of};
static const struct endpoint_rule rule = {"sts", "sts", "sts-fips", "sts", "sts-fips", true};

/* The regions whose calls went to the one old endpoint, before every region had its own. */
static bool is_legacy_region(const char *region)
{
    static const char *const regions[] = {"ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
                                          "aws-global",     "ca-central-1", "eu-central-1",   "eu-north-1",
                                          "eu-west-1",      "eu-west-2",    "eu-west-3",      "sa-east-1",
                                          "us-east-1",      "us-east-2",    "us-west-1",      "us-west-2"};
    for (size_t i = 0; i < sizeof regions / sizeof *regions; i++)
        if (strcmp(region, regions[i]) == 0)
            return true;
    return false;
}

/* The old endpoint has neither a FIPS nor a dual-stack form. */
static bool wants_legacy(const struct source_context *context)
{
    if (aws_config_flag(context->config, context->arena, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint") ||
        aws_config_flag(context->config, context->arena, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"))
        return false;
    const char *mode = env_get("AWS_STS_REGIONAL_ENDPOINTS");
    if (!mode)
        mode = source_key(context, "sts_regional_endpoints");
    return mode && slice_is_nocase(slice_of(mode), "legacy");
}

static const char *region_of(const struct source_context *context)
{
    const char *region = aws_config_region(context->config, context->arena);
    if (!region)
        region = context->region;
    return region ? region : DEFAULT_REGION;
}

static int find_endpoint(const struct source_context *context, const char **region, struct url *url,
                         struct error *error)
{
    *region = region_of(context);
    struct endpoint_wish wish = {.region = *region};
    if (strcmp(*region, "aws-global") == 0 || (is_legacy_region(*region) && wants_legacy(context))) {
        *region = DEFAULT_REGION;
        wish.flag_url =
            endpoint_is_configured(&rule, context->config, context->arena) ? NULL : "https://sts.amazonaws.com/";
    }
    return endpoint_url(&rule, wish, context->config, context->arena, url, error);
}

int sts_endpoint(const struct source_context *context, struct url *url, struct error *error)
{
    const char *region;
    return find_endpoint(context, &region, url, error);
}

static void form_open(struct buf *form, const char *operation)
{
    *form = BUF_INIT;
    buf_printf(form, "Action=%s&Version=" STS_VERSION, operation);
}

static void form_add(struct buf *form, const char *name, const char *value)
{
    if (!value)
        return;
    buf_printf(form, "&%s=", name);
    encode_percent(form, slice_of(value), "");
}

/* Sends the form and frees it. */
static int call(const struct source_context *context, struct aws_provider *provider, const char *operation,
                struct buf *form, const char *secret, struct xml *reply, struct error *error)
{
    struct aws_client client = {
        .service = &service, .provider = provider, .http = context->http, .shared = context->shared};
    struct aws_request request = {operation, buf_view(form), secret, STS_REPLY_MAX, context->deadline};
    struct aws_document document = {.xml = {NULL, 0}};
    int status = find_endpoint(context, &client.region, &client.endpoint, error);
    if (status == 0)
        status = aws_call(&client, &request, context->arena, &document, error);
    *reply = document.xml;
    buf_free(form);
    return status;
}

static int not_what_was_asked(const struct source_context *context, const char *operation, struct error *error)
{
    struct url url;
    struct error ignored;
    error_init(&ignored, context->arena);
    bool known = sts_endpoint(context, &url, &ignored) == 0;
    error_set(error, REASON_BAD_REPLY, known ? url.host : "STS", "%s was answered, but not with what was asked for",
              operation);
    error_hint(error,
               "does something stand between here and STS that answers in its place (a proxy, a captive portal)?");
    error->http_status = 200;
    return -1;
}

static int read_credentials(const struct source_context *context, const char *operation, const struct xml *xml,
                            struct credentials *credentials, struct error *error)
{
    struct arena *arena = context->arena;
    const char *expiry = xml_get(xml, arena, "Credentials/Expiration");
    const char *arn = xml_get(xml, arena, "AssumedRoleUser/Arn");
    *credentials = (struct credentials){
        .access_key_id = xml_get(xml, arena, "Credentials/AccessKeyId"),
        .secret_access_key = xml_get(xml, arena, "Credentials/SecretAccessKey"),
        .session_token = xml_get(xml, arena, "Credentials/SessionToken"),
        .account_id = arn ? account_of_arn(arena, arn) : NULL,
        .source = "STS",
    };
    if (!credentials->access_key_id || !credentials->secret_access_key || !credentials->session_token || !expiry ||
        !time_parse_iso(slice_of(expiry), &credentials->expires))
        return not_what_was_asked(context, operation, error);
    return 0;
}

static void form_add_role(const struct source_context *context, struct buf *form, const struct sts_role *role)
{
    const char *name = role->session_name;
    if (!name)
        name = arena_printf(context->arena, "ecr-%lld", (long long)clock_unix());
    form_add(form, "RoleArn", role->arn);
    form_add(form, "RoleSessionName", name);
    form_add(form, "ExternalId", role->external_id);
    form_add(form, "DurationSeconds", role->duration);
}

static bool has_code(const struct error *error, const char *code)
{
    return error->service_code && strcmp(error->service_code, code) == 0;
}

/* What to do about a refusal: of the role, or of who wants to assume it. */
static void hint_at_refusal(struct error *error, const char *denied_hint)
{
    if (has_code(error, "RegionDisabledException"))
        error_hint(error, "activate STS in that region, or set AWS_REGION to another one");
    else if (error->reason == REASON_DENIED)
        error_hint(error, "%s", denied_hint);
}

/* Says which role it was about, and for whom. */
static int role_failed(struct error *error, const struct sts_role *role, const char *who, const char *denied_hint)
{
    if (!error->hint)
        hint_at_refusal(error, denied_hint);
    error->cause =
        arena_printf(error->arena, "cannot assume the role with %s: %s: %s", who, error->subject, error->cause);
    error->subject = arena_strdup(error->arena, role->arn);
    return -1;
}

int sts_assume_role(const struct source_context *context, const struct credentials *caller, const struct sts_role *role,
                    struct credentials *credentials, struct error *error)
{
    struct aws_provider provider;
    struct buf form;
    struct xml reply;
    provider_init_fixed(&provider, caller, context->arena);
    form_open(&form, "AssumeRole");
    form_add_role(context, &form, role);
    if (call(context, &provider, "AssumeRole", &form, NULL, &reply, error) == 0 &&
        read_credentials(context, "AssumeRole", &reply, credentials, error) == 0)
        return 0;
    return role_failed(error, role, caller->source,
                       "the caller needs sts:AssumeRole on the role, and the role's trust policy must name the caller "
                       "(and the external_id, if it asks for one)");
}

int sts_assume_role_with_web_identity(const struct source_context *context, const char *token,
                                      const struct sts_role *role, struct credentials *credentials, struct error *error)
{
    struct buf form;
    struct xml reply;
    form_open(&form, "AssumeRoleWithWebIdentity");
    form_add_role(context, &form, role);
    form_add(&form, "WebIdentityToken", token);
    if (call(context, NULL, "AssumeRoleWithWebIdentity", &form, token, &reply, error) == 0 &&
        read_credentials(context, "AssumeRoleWithWebIdentity", &reply, credentials, error) == 0)
        return 0;
    if (error->reason == REASON_EXPIRED_CREDENTIALS && !error->hint)
        error_hint(error, "the web identity token is over: whoever writes it must write a new one");
    return role_failed(error, role, "a web identity token",
                       "the role's trust policy must let in the identity provider, audience and subject of the token");
}

int sts_caller_identity(const struct source_context *context, struct aws_provider *provider,
                        struct sts_identity *identity, struct error *error)
{
    struct buf form;
    struct xml reply;
    form_open(&form, "GetCallerIdentity");
    if (call(context, provider, "GetCallerIdentity", &form, NULL, &reply, error) < 0)
        return -1;
    identity->account = xml_get(&reply, context->arena, "GetCallerIdentityResult/Account");
    identity->arn = xml_get(&reply, context->arena, "GetCallerIdentityResult/Arn");
    identity->user_id = xml_get(&reply, context->arena, "GetCallerIdentityResult/UserId");
    return identity->account && identity->arn ? 0 : not_what_was_asked(context, "GetCallerIdentity", error);
}
