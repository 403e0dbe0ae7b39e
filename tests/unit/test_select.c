/* --format: one member of a JSON text by its path. */
#include "unit.h"

#include "cmd/select.h"

static const char verdict[] = "{\"image\":\"a:1\",\"state\":\"present\",\"digest\":\"sha256:12\",\"sizeBytes\":7,\"ok\":true,\"none\":null,\"x-y_z\":\"u\",\"empty\":\"\","
    "\"platforms\":[\"linux/amd64\",\"linux/arm64/v8\"],\"trail\":[{\"source\":\"ecr\",\"reason\":\"denied\"},{\"source\":\"registry\",\"reason\":\"ok\"}],\"deep\":{\"er\":{\"1\":\"one\"}},"
    "\"unsafe\":\"a\\u001b[31m\\nb\",\"quoted\":\"a\\\"b\\\\c\\u00e9\"}";

static const char *pick(const char *json, const char *path)
{
    struct buf out = BUF_INIT;
    bool good = select_member(&out, slice_of(json), path);
    CHECK(good || out.len == 0, "%s", path);
    const char *text = good ? arena_copy(&arena, buf_view(&out)) : NULL;
    buf_free(&out);
    return text;
}

static void test_members(void **state)
{
    (void)state;
    static const struct {
        const char *path, *text;
    } rows[] = {
        {"digest", "sha256:12\n"}, {".digest", "sha256:12\n"}, {"{{.digest}}", "sha256:12\n"}, {"{{ .digest }}", "sha256:12\n"}, {" {{.digest}} ", "sha256:12\n"}, {"{{digest}}", "sha256:12\n"},
        {"sizeBytes", "7\n"}, {"ok", "true\n"}, {"x-y_z", "u\n"}, {"empty", "\n"}, {"platforms", "[\"linux/amd64\",\"linux/arm64/v8\"]\n"}, {"platforms.0", "linux/amd64\n"}, {"platforms.1", "linux/arm64/v8\n"},
        {"trail.1.reason", "ok\n"}, {"{{.trail.0.reason}}", "denied\n"}, {"trail.0", "{\"source\":\"ecr\",\"reason\":\"denied\"}\n"}, {"deep.er.1", "one\n"}, {"deep", "{\"er\":{\"1\":\"one\"}}\n"},
        /* What is not there is an empty line, not an error: a script sees an empty text. */
        {"none", "\n"}, {"missing", "\n"}, {"digest.x", "\n"}, {"platforms.2", "\n"}, {"platforms.4294967295", "\n"}, {"platforms.4294967296", "\n"}, {"platforms.99999999999999999999", "\n"}, {"platforms.x", "\n"},
        {"platforms.-1", "\n"}, {"trail.0.0", "\n"}, {"sizeBytes.x", "\n"}, {"deep.er.2.3.4", "\n"}, {"Digest", "\n"}, {"0", "\n"},
        /* Nothing that a terminal would obey. */
        {"unsafe", "a?[31m b\n"}, {"quoted", "a\"b\\c\xc3\xa9\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK_TEXT(pick(verdict, rows[i].path), rows[i].text, "%s", rows[i].path);
        CHECK(select_is_path(rows[i].path), "%s", rows[i].path);
    }
    static const char *const wrong[] = {"", ".", "..", "{{}}", "{{.}}", "{{ }}", "a.", "a..b", "..a", ".a.", "a b", "a.b c", "{{.a", ".a}}", "{a}", "a[0]", "a/b", "$.a", "*", "a.*", "{{.a}}{{.b}}", "{{range .a}}", "a\n", "a\nb", "\xc3\xa9", "a:b", "{{{.a}}}", "{{{{.a}}}}"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (strcmp(wrong[i], "a\n") == 0)
            continue; /* white space around it is none of it */
        CHECK(!select_is_path(wrong[i]), "%s", wrong[i]);
        CHECK_TEXT(pick(verdict, wrong[i]), NULL, "%s", wrong[i]);
    }
    static const char *const broken[] = {"", "{", "{\"digest\":\"x\"", "{\"digest\":\"x\"} y", "<html>"};
    for (size_t i = 0; i < COUNT(broken); i++)
        CHECK_TEXT(pick(broken[i], "digest"), NULL, "%s", broken[i]);
    CHECK_TEXT(pick("[\"a\",[\"b\"]]", "1.0"), "b\n", "a list");
    CHECK_TEXT(pick("{\"a\":1,\"a\":2}", "a"), "1\n", "of equal names the first");
    CHECK_TEXT(pick("\"text\"", "a"), "\n", "a text");
    CHECK_TEXT(pick("{\"a\":\"x\\u0000y\"}", "a"), "x\\u0000y\n", "a NUL"); /* as it stands, not half of it */
}

RUN(TEST(test_members))
