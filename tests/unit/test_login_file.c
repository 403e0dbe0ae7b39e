/* Where logins are kept: in the file or with a helper, and nothing else in the file changes. */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "unit.h"

#include "auth/helper_call.h"
#include "auth/login_file.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/file_write.h"

static char *folder;

static const char *content(const char *path)
{
    struct buf text;
    return file_read(path, 1 << 20, &text) ? NULL : buf_detach(&text, &arena);
}

/* A credential helper that writes down what it was asked, in PATH. */
static void make_helper(const char *name, const char *script)
{
    char *path = write_file(folder, arena_printf(&arena, "bin/docker-credential-%s", name), "");
    write_file(folder, arena_printf(&arena, "bin/docker-credential-%s", name),
               arena_printf(&arena, "#!/bin/sh\necho \"$1\" >>%s/asked; cat >>%s/asked\n%s\n", folder, folder, script));
    assert_int_equal(chmod(path, 0755), 0);
}

static int setup(void **state)
{
    unit_setup(state);
    signal(SIGPIPE, SIG_IGN);
    env_clean();
    folder = new_folder();
    setenv("PATH", arena_printf(&arena, "%s/bin:/usr/bin:/bin", folder), 1);
    return 0;
}

static int teardown(void **state)
{
    remove_folder(folder);
    return unit_teardown(state);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static void test_path(void **state)
{
    (void)state;
    assert_null(login_file_path(&arena, NULL));
    setenv("HOME", "/h", 1);
    assert_string_equal(login_file_path(&arena, NULL), "/h/.docker/config.json");
    setenv("DOCKER_CONFIG", "/d", 1);
    assert_string_equal(login_file_path(&arena, NULL), "/d/config.json");
    setenv("REGISTRY_AUTH_FILE", "/r", 1);
    assert_string_equal(login_file_path(&arena, NULL), "/r");
    assert_string_equal(login_file_path(&arena, "/f"), "/f");
    env_clean();
}

#define AUTH "{\n\t\t\t\"auth\": \"QVdTOnB3\"\n\t\t}" /* AWS:pw */

static void test_store(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } rows[] = {
        {NULL, "{\n\t\"auths\": {\n\t\t\"r.test\": " AUTH "\n\t}\n}\n"},
        {"", "{\n\t\"auths\": {\n\t\t\"r.test\": " AUTH "\n\t}\n}\n"},
        {" \n", "{\n\t\"auths\": {\n\t\t\"r.test\": " AUTH "\n\t}\n}\n"},
        {"{\"auths\":null,\"x\":1e0}", "{\n\t\"auths\": {\n\t\t\"r.test\": " AUTH "\n\t},\n\t\"x\": 1e0\n}\n"},
        {"{\"auths\":{\"r.test\":{\"auth\":\"old\",\"identitytoken\":\"t\"},\"s.test\":{\"auth\":\"\"}}}",
         "{\n\t\"auths\": {\n\t\t\"r.test\": " AUTH ",\n\t\t\"s.test\": {\n\t\t\t\"auth\": \"\"\n\t\t}\n\t}\n}\n"},
        {"{\"credsStore\":\"\",\"auths\":{}}", "{\n\t\"credsStore\": \"\",\n\t\"auths\": {\n\t\t\"r.test\": " AUTH "\n\t}\n}\n"},
        {"{\"credsStore\":\"x\",\"credHelpers\":{\"r.test\":\"\"}}",
         "{\n\t\"credsStore\": \"x\",\n\t\"credHelpers\": {\n\t\t\"r.test\": \"\"\n\t},\n\t\"auths\": {\n\t\t\"r.test\": " AUTH "\n\t}\n}\n"},
        {"{\"credHelpers\":{\"s.test\":\"x\"}}",
         "{\n\t\"credHelpers\": {\n\t\t\"s.test\": \"x\"\n\t},\n\t\"auths\": {\n\t\t\"r.test\": " AUTH "\n\t}\n}\n"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *path = arena_printf(&arena, "%s/%zu/config.json", folder, i);
        struct login_done done;
        struct stat info;
        if (rows[i].before)
            write_file(folder, arena_printf(&arena, "%zu/config.json", i), rows[i].before);
        CHECK(login_file_store(&arena, path, "r.test", "AWS", "pw", deadline_in(1000), &done, &error) == 0, "row %zu: %s", i,
            error_text(&error, &arena));
        CHECK_TEXT(content(path), rows[i].after, "row %zu", i);
        CHECK(!done.helper && !done.nothing && stat(path, &info) == 0 && (info.st_mode & 07777) == 0600, "row %zu", i);
        struct docker_config config;
        struct docker_auth auth;
        assert_int_equal(docker_config_read(&config, &arena, path, true, &error), 0);
        CHECK(docker_config_find(&config, &arena, "r.test", &auth, &error) == 1, "row %zu", i);
        CHECK_TEXT(auth.password, "pw", "row %zu", i);
        docker_config_free(&config);
        CHECK(login_file_remove(&arena, path, "r.test", deadline_in(1000), &done, &error) == 0 && !done.nothing, "row %zu", i);
        CHECK(!strstr(content(path), "QVdTOnB3"), "row %zu", i);
        CHECK(login_file_remove(&arena, path, "r.test", deadline_in(1000), &done, &error) == 0, "row %zu", i);
        CHECK(done.nothing, "row %zu", i);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const broken[] = {"{", "[]", "7", "{\"auths\":{}} x",
        /* Of two members of one name one would be lost. */
        "{\"auths\":{\"s.test\":{}},\"auths\":{}}", "{\"auths\":{},\"x\":1,\"\\u0061uths\":{\"s.test\":{\"auth\":\"eDp5\"}}}",
        "{\"credHelpers\":{},\"credHelpers\":{\"r.test\":\"keep\"}}",
        "{\"auths\":[]}", "{\"auths\":\"\"}", "{\"credHelpers\":[]}", "{\"credsStore\":{}}", "{\"credHelpers\":{\"r.test\":7}}"};
    struct login_done done;
    char *path = NULL;
    for (size_t i = 0; i < COUNT(broken); i++) {
        path = write_file(folder, "c/config.json", broken[i]);
        CHECK(login_file_store(&arena, path, "r.test", "AWS", "pw", deadline_in(1000), &done, &error) == -1, "%s", broken[i]);
        CHECK(error.reason == REASON_REFUSED, "%s", broken[i]);
        CHECK_TEXT(content(path), broken[i], "%s", broken[i]);
        CHECK(login_file_remove(&arena, path, "r.test", deadline_in(1000), &done, &error) == -1, "%s", broken[i]);
        CHECK_TEXT(content(path), broken[i], "%s", broken[i]);
    }
    assert_int_equal(login_file_store(&arena, NULL, "r.test", "AWS", "pw", deadline_in(1000), &done, &error), -1);
    assert_int_equal(error.reason, REASON_REFUSED);
    path = write_file(folder, "c/config.json", "{}");
    struct file_lock lock;
    assert_int_equal(file_lock(path, deadline_in(1000), &lock), 0);
    assert_int_equal(login_file_store(&arena, path, "r.test", "AWS", "pw", deadline_in(100), &done, &error), -1);
    assert_true(error.reason == REASON_REFUSED && strstr(error.hint, arena_printf(&arena, "%s.lock", path)));
    assert_int_equal(login_file_remove(&arena, path, "r.test", deadline_in(100), &done, &error), -1);
    file_unlock(&lock);
    assert_string_equal(content(path), "{}");
    int hold = open(arena_printf(&arena, "%s/c", folder), O_RDONLY | O_DIRECTORY); /* the folder's is no matter */
    assert_int_equal(flock(hold, LOCK_EX), 0);
    assert_int_equal(login_file_store(&arena, path, "r.test", "AWS", "pw", deadline_in(100), &done, &error), 0);
    close(hold);
    assert_int_equal(access(arena_printf(&arena, "%s.lock", path), F_OK), -1);
    if (geteuid() == 0) {
        char *link = arena_printf(&arena, "%s/link", folder);
        assert_int_equal(symlink(path, link), 0);
        assert_int_equal(login_file_store(&arena, link, "s.test", "AWS", "pw", deadline_in(100), &done, &error), 0);
        assert_int_equal(lchown(link, 12345, 12345), 0);
        assert_int_equal(login_file_store(&arena, link, "t.test", "AWS", "pw", deadline_in(100), &done, &error), -1);
        assert_non_null(strstr(error.hint, "symlink"));
        assert_true(strstr(content(path), "s.test") && !strstr(content(path), "t.test"));
        char *beside = write_file(folder, "c/config.json.lock", ""); /* a lock that somebody planted */
        assert_true(chown(beside, 12345, 12345) == 0 && chmod(arena_printf(&arena, "%s/c", folder), 01777) == 0);
        assert_int_equal(login_file_store(&arena, path, "u.test", "AWS", "pw", deadline_in(5000), &done, &error), -1);
        assert_true(error.reason == REASON_REFUSED && strstr(error.hint, "another user"));
        assert_int_equal(unlink(beside), 0);
        assert_int_equal(chown(path, 12345, 12345), 0); /* or a file */
        assert_int_equal(login_file_store(&arena, path, "u.test", "AWS", "pw", deadline_in(5000), &done, &error), -1);
        assert_true(error.reason == REASON_REFUSED && strstr(error.hint, "another user"));
        assert_null(strstr(content(path), "u.test"));
    }
}

static void test_helper(void **state)
{
    (void)state;
    struct login_done done;
    char *path = write_file(folder, "config.json", "{\"credsStore\":\"keep\",\"credHelpers\":{\"e.test\":\"ecr-login\",\"f.test\":\"fails\"}}");
    char *asked = arena_printf(&arena, "%s/asked", folder);
    make_helper("keep", "");
    make_helper("fails", "echo \"no room for pass/word\"; exit 1");
    assert_int_equal(login_file_store(&arena, path, "r.test", "AWS", "p\"w", deadline_in(5000), &done, &error), 0);
    assert_string_equal(done.helper, "keep");
    assert_string_equal(content(asked), "store\n{\"ServerURL\":\"r.test\",\"Username\":\"AWS\",\"Secret\":\"p\\\"w\"}\n");
    assert_non_null(strstr(content(path), "\"r.test\": {}"));
    assert_null(strstr(content(path), "p\\\"w"));
    assert_int_equal(login_file_remove(&arena, path, "r.test", deadline_in(5000), &done, &error), 0);
    assert_true(done.helper && !done.nothing && strstr(content(asked), "\nerase\nr.test"));
    assert_null(strstr(content(path), "r.test"));
    /* Who fetches tokens by itself keeps none. */
    const char *before = content(path);
    assert_int_equal(login_file_store(&arena, path, "e.test", "AWS", "pw", deadline_in(5000), &done, &error), 0);
    assert_true(done.nothing);
    assert_string_equal(done.helper, "ecr-login");
    assert_string_equal(content(path), before);
    /* What fails changes nothing, and tells no password. */
    assert_int_equal(login_file_store(&arena, path, "f.test", "AWS", "pass/word", deadline_in(5000), &done, &error), -1);
    assert_true(error.reason == REASON_NO_CREDENTIALS && strstr(error.cause, "no room") && !strstr(error.cause, "pass/word"));
    assert_string_equal(content(path), before);
    assert_int_equal(login_file_remove(&arena, path, "f.test", deadline_in(5000), &done, &error), -1);
    assert_string_equal(content(path), before);
    const char **names;
    size_t count;
    path = write_file(folder, "config.json", "{\"auths\":{\"a\":{},\"\\u0062\":{\"auth\":\"\"}},\"credHelpers\":{\"h\":\"x\"}}");
    assert_int_equal(login_file_registries(&arena, path, &names, &count, &error), 0);
    assert_true(count >= 2 && strcmp(names[0], "a") == 0 && strcmp(names[1], "b") == 0);
    assert_int_equal(login_file_registries(&arena, arena_printf(&arena, "%s/none", folder), &names, &count, &error), 0);
    assert_int_equal(count, 0);
    static const char *const odd[] = {"{\"auths\":[\"a\"]}", "{\"auths\":{\"a\":{}},\"auths\":{}}", "{", "[]"};
    for (size_t i = 0; i < COUNT(odd); i++) { /* to pass over logins would leave them */
        path = write_file(folder, "config.json", odd[i]);
        error_clear(&error);
        CHECK(login_file_registries(&arena, path, &names, &count, &error) == -1 && error.reason == REASON_REFUSED && count == 0, "%s", odd[i]);
    }
}

/* A helper may ask its user: no lock is held meanwhile, and what others write to the file then stays. */
static void test_helper_without_lock(void **state)
{
    (void)state;
    struct login_done done;
    struct file_lock lock;
    char *path = write_file(folder, "config.json", "{\"credsStore\":\"busy\",\"auths\":{\"old.test\":{}}}");
    make_helper("busy", arena_printf(&arena, "[ ! -e %s.lock ] || echo locked >>%s/asked\n"
                "printf '{\"credsStore\":\"busy\",\"auths\":{\"%%s.test\":{\"auth\":\"eDp5\"},\"r.test\":{}},\"new\":1}' $1 >%s\n", path, folder, path));
    assert_int_equal(login_file_store(&arena, path, "r.test", "AWS", "pw", deadline_in(5000), &done, &error), 0);
    assert_string_equal(done.helper, "busy");
    assert_true(strstr(content(path), "store.test") && strstr(content(path), "eDp5") && strstr(content(path), "\"new\": 1"));
    assert_true(strstr(content(path), "\"r.test\": {}") && !strstr(content(path), "old.test"));
    assert_int_equal(login_file_remove(&arena, path, "r.test", deadline_in(5000), &done, &error), 0);
    assert_true(done.helper && !done.nothing);
    assert_true(strstr(content(path), "erase.test") && !strstr(content(path), "r.test\": {}") && strstr(content(path), "\"new\": 1"));
    assert_null(strstr(content(arena_printf(&arena, "%s/asked", folder)), "locked"));
    assert_int_equal(access(arena_printf(&arena, "%s.lock", path), F_OK), -1);
    /* What makes of the file something else meanwhile ends it, and leaves no lock behind. */
    path = write_file(folder, "config.json", "{\"credsStore\":\"bad\"}");
    make_helper("bad", arena_printf(&arena, "echo '{' >%s", path));
    assert_int_equal(login_file_store(&arena, path, "r.test", "AWS", "pw", deadline_in(5000), &done, &error), -1);
    assert_int_equal(error.reason, REASON_REFUSED);
    assert_string_equal(content(path), "{\n");
    write_file(folder, "config.json", "{\"credsStore\":\"bad\"}");
    assert_int_equal(login_file_remove(&arena, path, "r.test", deadline_in(5000), &done, &error), -1);
    assert_string_equal(content(path), "{\n");
    assert_int_equal(access(arena_printf(&arena, "%s.lock", path), F_OK), -1);
    assert_int_equal(file_lock(path, deadline_in(-1), &lock), 0);
    file_unlock(&lock);
}

static const char *const no_secrets[] = {NULL};

static void test_helper_names(void **state)
{
    (void)state;
    static const char *const refused[] = {"", ".", "..", "../x", "a/b", "/bin/sh", "-x", ".x", "a b", "a\n", "a;b", "\xc3\xa9", "$(x)"};
    struct buf output;
    for (size_t i = 0; i < COUNT(refused); i++) {
        error_clear(&error);
        CHECK(helper_call(&arena, refused[i], "get", SLICE("r.test"), no_secrets, deadline_in(1000), &output, &error) == -1, "%s", refused[i]);
        CHECK(error.reason == REASON_NO_CREDENTIALS && strstr(error.cause, "cannot be the name"), "%s: %s", refused[i], error.cause);
        CHECK(output.len == 0, "%s", refused[i]);
    }
    assert_int_equal(helper_call(&arena, repeat("n", 65), "get", SLICE("x"), no_secrets, deadline_in(1000), &output, &error), -1);
    assert_non_null(strstr(error.cause, "cannot be the name"));
    assert_int_equal(helper_call(&arena, repeat("n", 64), "get", SLICE("x"), no_secrets, deadline_in(1000), &output, &error), -1);
    assert_non_null(strstr(error.cause, "cannot run it"));
    make_helper("a_b-c.d2", "echo out; echo err >&2");
    assert_int_equal(helper_call(&arena, "a_b-c.d2", "get", SLICE("r.test"), no_secrets, deadline_in(5000), &output, &error), 0);
    assert_string_equal(output.data, "out\n");
    buf_free(&output);
    make_helper("slow", "exec sleep 20");
    assert_int_equal(helper_call(&arena, "slow", "get", SLICE("r.test"), no_secrets, deadline_in(300), &output, &error), -1);
    assert_int_equal(error.reason, REASON_TIMEOUT);
    make_helper("loud", "printf '\\033[31mred\\377'; exit 2");
    assert_int_equal(helper_call(&arena, "loud", "get", SLICE("r.test"), no_secrets, deadline_in(5000), &output, &error), -1);
    assert_non_null(strstr(error.cause, "exit status 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(test_path), CASE(test_store), CASE(test_refused), CASE(test_helper),
                                       CASE(test_helper_without_lock),
                                       CASE(test_helper_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
