#include "auth/kubelet.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/json_write.h"

#define GROUP "credentialprovider.kubelet.k8s.io"

static int refuse(struct error *error, const char *cause)
{
    error_set(error, REASON_REFUSED, "the kubelet's request", "%s", cause);
    error_hint(error, "it comes on standard input: {\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\"" GROUP
                      "/v1\",\"image\":\"...\"}");
    return -1;
}

static bool is_known(struct json_node version)
{
    return json_equals(version, GROUP "/v1") || json_equals(version, GROUP "/v1beta1") ||
           json_equals(version, GROUP "/v1alpha1");
}

/* A text, or NULL where there is none. What is no text must not count as missing: other credentials would be given. */
static int read_text(struct arena *arena, struct json_node object, const char *member, const char **text)
{
    struct json_node node = json_get(object, member);
    *text = json_cstr(arena, node);
    return json_exists(node) && !*text ? -1 : 0;
}

int kubelet_request_parse(struct arena *arena, struct slice text, struct kubelet_request *request, struct error *error)
{
    struct json json;
    if (json_parse(arena, text, &json) < 0 || !json_is(json_root(&json), JSON_OBJECT))
        return refuse(error, "is no JSON object");
    struct json_node root = json_root(&json), version = json_get(root, "apiVersion");
    if (!json_equals(json_get(root, "kind"), "CredentialProviderRequest"))
        return refuse(error, "its kind is not CredentialProviderRequest");
    if (!is_known(version))
        return refuse(error, "its apiVersion is none of " GROUP "/v1, v1beta1 and v1alpha1");
    struct json_node annotations = json_get(root, "serviceAccountAnnotations");
    *request = (struct kubelet_request){.api_version = json_cstr(arena, version)};
    if (read_text(arena, root, "image", &request->image) < 0 ||
        read_text(arena, root, "serviceAccountToken", &request->token) < 0 ||
        (json_exists(annotations) && !json_is(annotations, JSON_OBJECT)) ||
        read_text(arena, annotations, KUBELET_ROLE_ANNOTATION, &request->role) < 0)
        return refuse(error, "a member is not of its type");
    if (request->token && !*request->token)
        request->token = NULL;
    return request->image && *request->image ? 0 : refuse(error, "it names no image");
}

const char *kubelet_registry(struct arena *arena, const char *image)
{
    struct slice rest = slice_of(image);
    if (slice_starts(rest, "https://"))
        rest = slice_from(rest, 8);
    struct slice host = slice_cut(&rest, '/');
    return arena_copy(arena, slice_cut(&host, ':'));
}

/* Go's notation, as the cloud provider's own plugin writes it: "6h0m0s", "30s". */
static void write_duration(struct buf *out, int64_t seconds)
{
    buf_char(out, '"');
    if (seconds >= 3600)
        buf_printf(out, "%" PRId64 "h", seconds / 3600);
    if (seconds >= 60)
        buf_printf(out, "%" PRId64 "m", seconds / 60 % 60);
    buf_printf(out, "%" PRId64 "s\"", seconds % 60);
}

void kubelet_response_write(struct buf *out, const struct kubelet_request *request,
                            const struct kubelet_credentials *credentials)
{
    json_open(out, '{');
    json_member_str(out, "kind", "CredentialProviderResponse");
    json_member_str(out, "apiVersion", request->api_version);
    json_member_str(out, "cacheKeyType", "Registry");
    if (credentials->user) {
        json_member(out, "cacheDuration");
        write_duration(out, credentials->cache_seconds);
    }
    json_member(out, "auth");
    json_open(out, '{');
    if (credentials->user) {
        json_member(out, credentials->registry);
        json_open(out, '{');
        json_member_str(out, "username", credentials->user);
        json_member_str(out, "password", credentials->password);
        json_close(out, '}');
    }
    json_close(out, '}');
    json_close(out, '}');
    buf_char(out, '\n');
}
