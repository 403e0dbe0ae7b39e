/* NO_PROXY: nothing but a star, or a text that has to do with the host, exempts it; some hosts are never proxied. The
 * input is a list, a line feed and a proxy's URL. */
#include "fuzz.h"
#include "net/addr.h"
#include "net/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const targets[] = {"https://a.b.test/", "http://192.0.2.1:8080/", "https://[2001:db8::1]/",
        "http://169.254.169.254/", "https://localhost/"};
    struct arena arena = {NULL};
    struct slice proxy_text = input(data, size), list = slice_cut(&proxy_text, '\n');
    struct error error;
    error_init(&error, &arena);
    char *value = arena_copy(&arena, proxy_text), *except = arena_copy(&arena, list);
    struct proxy_settings settings = {*value ? value : NULL, *value ? value : NULL, except};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct url target, proxy;
        MUST(url_parse(&arena, slice_of(targets[i]), &target) == NULL);
        bool exempt = proxy_exempt(list, &target);
        if (exempt && !target.ip)
            MUST(slice_has(list, "*") || slice_has_nocase(list, "test") || slice_has_nocase(list, "localhost"));
        if (exempt && target.ip)
            MUST(slice_has(list, "*") || slice_has(list, ".") || slice_has(list, ":"));
        int used = proxy_for(&settings, &arena, &target, &proxy, &error);
        MUST(used <= 0 || (!proxy_exempt(slice_of(except), &target) && !proxy.https && i < 3));
        MUST(i < 3 || used == 0);
        if (used > 0)
            proxy_authorization(&arena, &proxy);
    }
    arena_free(&arena);
    return 0;
}
