/* The kubelet's request: what is taken is whole, and the answer to it is JSON with the password in its place. */
#include "auth/kubelet.h"
#include "base/json.h"
#include "base/utf8.h"
#include "fuzz.h"

static bool is_utf8(const char *text)
{
    for (struct slice rest = slice_of(text); rest.len; rest = slice_from(rest, utf8_length(rest)))
        if (utf8_length(rest) == 0)
            return false;
    return true;
}

/* Go's "1h2m3s" back to seconds. */
static int64_t seconds_of(const char *text)
{
    int64_t total = 0;
    while (*text) {
        char *unit;
        int64_t number = strtoll(text, &unit, 10);
        MUST(unit > text && number >= 0 && strchr("hms", *unit) && *unit);
        total += number * (*unit == 'h' ? 3600 : *unit == 'm' ? 60 : 1);
        text = unit + 1;
    }
    return total;
}

static void check_response(struct arena *arena, const struct kubelet_request *request, const char *user, int64_t seconds)
{
    struct buf out = BUF_INIT;
    struct json json;
    struct kubelet_credentials credentials = {kubelet_registry(arena, request->image), user,
                                              request->token ? request->token : request->image, seconds};
    MUST(!strpbrk(credentials.registry, "/:"));
    kubelet_response_write(&out, request, &credentials);
    MUST(json_parse(arena, buf_view(&out), &json) == 0 && slice_ends(buf_view(&out), "}\n"));
    struct json_node root = json_root(&json), auth = json_get(root, "auth");
    MUST(json_equals(json_get(root, "kind"), "CredentialProviderResponse"));
    MUST(json_equals(json_get(root, "apiVersion"), request->api_version) && json_is(auth, JSON_OBJECT));
    MUST(json_exists(json_first(auth)) == (user != NULL));
    const char *duration = json_cstr(arena, json_get(root, "cacheDuration"));
    MUST(!duration == !user && (!user || seconds_of(duration) == seconds));
    if (user && is_utf8(credentials.registry) && is_utf8(credentials.password))
        MUST(json_equals(json_get(json_get(auth, credentials.registry), "password"), credentials.password));
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct error error;
    struct kubelet_request request;
    error_init(&error, &arena);
    if (kubelet_request_parse(&arena, input(data, size), &request, &error) < 0) {
        MUST(error.reason == REASON_REFUSED && error.hint && *error.cause);
    } else {
        MUST(request.image && *request.image && (!request.token || *request.token));
        MUST(slice_starts(slice_of(request.api_version), "credentialprovider.kubelet.k8s.io/v1"));
        check_response(&arena, &request, "AWS", (int64_t)(size * size * 7919 % 200000));
        check_response(&arena, &request, NULL, 0);
    }
    arena_free(&arena);
    return 0;
}
