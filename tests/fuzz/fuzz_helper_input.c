/* What docker says to a credential helper: the host is a part of the URL, and the answer is JSON that names that URL. */
#include "auth/helper_protocol.h"
#include "base/json.h"
#include "base/utf8.h"
#include "ecr/host.h"
#include "fuzz.h"

static bool is_utf8(struct slice text)
{
    for (; text.len; text = slice_from(text, utf8_length(text)))
        if (utf8_length(text) == 0)
            return false;
    return true;
}

static void check_host(struct arena *arena, struct slice url)
{
    struct ecr_host host;
    const char *name = helper_host(arena, url);
    if (!name)
        return;
    MUST(*name && !strpbrk(name, "/?#:@") && slice_has(url, name));
    if (!ecr_host_parse(arena, name, &host))
        return;
    MUST(strcmp(host.name, name) == 0 && host.region && host.partition && host.is_public == !host.account);
    for (const char *c = name; *c; c++)
        MUST(ascii_is_lower(*c) || ascii_is_digit(*c) || *c == '-' || *c == '.');
}

static void check_answer(struct arena *arena, struct slice url, const char *user, const char *password)
{
    struct buf out = BUF_INIT;
    struct json json;
    helper_write_credentials(&out, url, user, password);
    MUST(slice_starts(buf_view(&out), "{\"ServerURL\":\"") && slice_ends(buf_view(&out), "\"}\n"));
    MUST(!strpbrk(out.data, "<>&") && strchr(out.data, '\n') == out.data + out.len - 1 && is_utf8(buf_view(&out)));
    MUST(json_parse(arena, buf_view(&out), &json) == 0);
    struct json_node root = json_root(&json);
    if (is_utf8(url))
        MUST(slice_equal(json_string(arena, json_get(root, "ServerURL")), url));
    if (is_utf8(slice_of(password)))
        MUST(json_equals(json_get(root, "Secret"), password));
    MUST(json_exists(json_get(root, "Username")));
    buf_free(&out);
}

static void check_list(struct arena *arena, struct slice text)
{
    struct helper_server servers[16];
    struct json json;
    struct buf out = BUF_INIT;
    const char *last = NULL;
    size_t count = 0;
    while (text.data && count < 16)
        servers[count++] = (struct helper_server){arena_copy(arena, slice_cut(&text, '\n')), "AWS"};
    helper_write_list(&out, servers, count);
    MUST(json_parse(arena, buf_view(&out), &json) == 0 && json_is(json_root(&json), JSON_OBJECT));
    for (struct json_node name = json_first(json_root(&json)); json_exists(name);) {
        const char *here = arena_copy(arena, json_raw(name));
        MUST(!last || strcmp(last, here) != 0 || strstr(here, "\\ufffd"));
        last = here;
        name = json_next(json_root(&json), json_next(json_root(&json), name));
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {NULL};
    struct slice text = input(data, size), url = helper_server_url(&arena, text);
    char *plain = arena_copy(&arena, text);
    MUST(url.len <= size && slice_find(url, '\n') < 0 && slice_trim(url).len == url.len);
    check_host(&arena, url);
    check_host(&arena, text);
    check_answer(&arena, url, "AWS", plain);
    check_answer(&arena, text, plain, "");
    check_list(&arena, text);
    arena_free(&arena);
    return 0;
}
