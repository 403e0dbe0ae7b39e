/* What is stored for registries beyond Docker's own file: podman's files and namespaces, and helpers that are asked. */
#include "unit.h"

#include <signal.h>
#include <sys/stat.h>

#include "auth/helper_call.h"
#include "auth/stored.h"
#include "base/clock.h"
#include "base/encode.h"

static char *folder;

static int setup(void **state)
{
    unit_setup(state);
    env_clean();
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    folder = new_folder();
    setenv("HOME", folder, 1);
    setenv("PATH", arena_printf(&arena, "%s/bin:/usr/bin:/bin", folder), 1);
    return 0;
}

static int teardown(void **state)
{
    env_clean();
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    remove_folder(folder);
    return unit_teardown(state);
}

/* An entry whose password is its user's name, "-" for one that is empty. */
static char *entry(const char *key, const char *user)
{
    struct buf text = BUF_INIT;
    encode_base64(&text, slice_of(arena_printf(&arena, "%s:%s", user, user)), false);
    char *made = strcmp(user, "-") == 0 ? arena_printf(&arena, "\"%s\":{}", key) : arena_printf(&arena, "\"%s\":{\"auth\":\"%s\"}", key, text.data);
    buf_free(&text);
    return made;
}

/* A file of entries "KEY USER KEY USER ...". */
static char *auths(const char *words)
{
    struct buf text = BUF_INIT;
    struct slice rest = slice_of(words);
    buf_str(&text, "{\"auths\":{");
    for (bool first = true; rest.len; first = false) {
        char *key = arena_copy(&arena, slice_cut(&rest, ' '));
        buf_printf(&text, "%s%s", first ? "" : ",", entry(key, arena_copy(&arena, slice_cut(&rest, ' '))));
    }
    buf_str(&text, "}}");
    return buf_detach(&text, &arena);
}

static void make_helper(const char *name, const char *body)
{
    char *path = write_file(folder, arena_printf(&arena, "bin/docker-credential-%s", name), arena_printf(&arena, "#!/bin/sh\n%s\n", body));
    assert_int_equal(chmod(path, 0700), 0);
}

/* Who the login for a repository belongs to; NULL: nobody, "!" an error, "?NAME" a helper that was not asked. */
static const char *user_for(const char *authfile, const char *registry, const char *repository, bool is_ecr)
{
    struct docker_auth auth;
    error_clear(&error);
    const char *name = stored_auth_name(&arena, authfile, registry, repository);
    int found = stored_auth_get(&arena, authfile, name, is_ecr, deadline_in(5000), &auth, &error);
    if (found < 0)
        return "!";
    if (found == 0)
        return auth.helper ? arena_printf(&arena, "?%s", auth.helper) : NULL;
    CHECK(auth.identity_token || (auth.username && auth.password), "%s", name);
    return auth.identity_token ? arena_printf(&arena, "token %s", auth.identity_token) : auth.username;
}

static void test_namespaces(void **state)
{
    (void)state;
    static const struct {
        const char *auths, *registry, *repository, *name, *user;
    } rows[] = {
        {"q.test a", "q.test", "team/app", "q.test", "a"}, {"q.test/team b", "q.test", "team/app", "q.test/team", "b"}, {"q.test a q.test/team b", "q.test", "team/app", "q.test/team", "b"},
        {"q.test/team b q.test/team/app c", "q.test", "team/app", "q.test/team/app", "c"}, {"q.test/team b q.test/team/app c", "q.test", "team/app/x", "q.test/team/app", "c"},
        {"q.test/team b q.test a", "q.test", "teams/app", "q.test", "a"}, {"q.test/tea b q.test a", "q.test", "team/app", "q.test", "a"}, {"q.test/app b", "q.test", "team/app", "q.test", NULL},
        {"q.test/team b", "r.test", "team/app", "r.test", NULL}, {"q.test/team b", "q.test:5000", "team/app", "q.test:5000", NULL}, {"q.test:5000/team b", "q.test:5000", "team/app", "q.test:5000/team", "b"},
        {"q.test/team b", "q.test", "team", "q.test/team", "b"}, {"docker.io/library b docker.io a", "docker.io", "library/alpine", "docker.io/library", "b"},
        {"https://index.docker.io/v1/ a", "docker.io", "library/alpine", "docker.io", "a"}, {"https://q.test/v1/ a", "q.test", "v1/x", "q.test", "a"},
        {"q.test/a/b/c/d/e f", "q.test", "a/b/c/d/e", "q.test/a/b/c/d/e", "f"}, {"q.test/ b q.test a", "q.test", "team", "q.test", "a"}, {"", "q.test", "a/b", "q.test", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *file = write_file(folder, "auth.json", auths(rows[i].auths));
        CHECK_TEXT(stored_auth_name(&arena, file, rows[i].registry, rows[i].repository), rows[i].name, "%s for %s", rows[i].auths, rows[i].repository);
        CHECK_TEXT(user_for(file, rows[i].registry, rows[i].repository, false), rows[i].user, "%s for %s", rows[i].auths, rows[i].repository);
        setenv("REGISTRY_AUTH_FILE", file, 1);
        CHECK_TEXT(user_for(NULL, rows[i].registry, rows[i].repository, false), rows[i].user, "%s for %s, by the variable", rows[i].auths, rows[i].repository);
        unsetenv("REGISTRY_AUTH_FILE");
        struct docker_config config;
        assert_int_equal(docker_config_parse(&config, &arena, auths(rows[i].auths), "the text", &error), 0);
        const char *namespace = docker_config_namespace(&config, &arena, rows[i].registry, rows[i].repository);
        CHECK_TEXT(namespace, strcmp(rows[i].name, rows[i].registry) == 0 ? NULL : rows[i].name, "%s for %s", rows[i].auths, rows[i].repository);
        docker_config_free(&config);
    }
    struct docker_config none = {.text = BUF_INIT};
    assert_null(docker_config_namespace(&none, &arena, "q.test", "a/b"));
    char *longest = repeat("a/", 2000);
    longest[strlen(longest) - 1] = 0;
    assert_string_equal(user_for(write_file(folder, "auth.json", auths("q.test/a x")), "q.test", longest, false), "x");
}

/* The places in their order; the first that has an entry decides, and one that is broken is an error. */
static void test_places(void **state)
{
    (void)state;
    assert_null(user_for(NULL, "q.test", "a/b", false));
    write_file(folder, ".config/containers/auth.json", auths("q.test podman-home"));
    assert_string_equal(user_for(NULL, "q.test", "a/b", false), "podman-home");
    setenv("XDG_RUNTIME_DIR", arena_printf(&arena, "%s/run", folder), 1);
    assert_string_equal(user_for(NULL, "q.test", "a/b", false), "podman-home"); /* no file there yet */
    write_file(folder, "run/containers/auth.json", auths("q.test podman-run"));
    assert_string_equal(user_for(NULL, "q.test", "a/b", false), "podman-run");
    write_file(folder, ".docker/config.json", auths("q.test docker"));
    assert_string_equal(user_for(NULL, "q.test", "a/b", false), "docker");
    setenv("REGISTRY_AUTH_FILE", write_file(folder, "r.json", auths("q.test variable")), 1);
    assert_string_equal(user_for(NULL, "q.test", "a/b", false), "variable");
    setenv("DOCKER_AUTH_CONFIG", auths("q.test text"), 1);
    assert_string_equal(user_for(NULL, "q.test", "a/b", false), "text");
    char *flag = write_file(folder, "flag.json", auths("q.test flag"));
    assert_string_equal(user_for(flag, "q.test", "a/b", false), "flag");
    /* A flag stands for all files, not for the variable's text. */
    write_file(folder, "flag.json", auths("r.test flag"));
    assert_string_equal(user_for(flag, "q.test", "a/b", false), "text");
    unsetenv("DOCKER_AUTH_CONFIG");
    assert_null(user_for(flag, "q.test", "a/b", false));
    /* What an earlier place lacks a later one has. */
    write_file(folder, "run/containers/auth.json", auths("s.test/team podman-run"));
    assert_string_equal(user_for(NULL, "s.test", "team/x", false), "podman-run");
    assert_null(user_for(NULL, "s.test", "other/x", false));
    /* A place that cannot be read is an error where it is looked into, and no answer. */
    static const char *const broken[] = {"{", "[]", "not json", "\"x\"", "{\"auths\":{\"q.test\":{\"auth\":\"!\"}}}"};
    for (size_t i = 0; i < COUNT(broken); i++) {
        write_file(folder, "r.json", broken[i]);
        CHECK_TEXT(user_for(NULL, "q.test", "a/b", false), "!", "%s", broken[i]);
        CHECK(error.reason == REASON_NO_CREDENTIALS && strstr(error_text(&error, &arena), "r.json"), "%s: %s", broken[i], error_text(&error, &arena));
    }
    setenv("REGISTRY_AUTH_FILE", folder, 1); /* a folder */
    assert_string_equal(user_for(NULL, "q.test", "a/b", false), "!");
    unsetenv("REGISTRY_AUTH_FILE");
    write_file(folder, "run/containers/auth.json", "{");
    assert_string_equal(user_for(NULL, "q.test", "a/b", false), "docker");
    assert_string_equal(user_for(NULL, "s.test", "team/x", false), "!");
    unsetenv("HOME");
    unsetenv("XDG_RUNTIME_DIR");
    assert_null(user_for(NULL, "q.test", "a/b", false));
}

static void test_helper_get(void **state)
{
    (void)state;
    struct docker_auth auth;
    make_helper("x", "read host; printf '%s %s\\n' \"$1\" \"$host\" >>\"$HOME/asked\"; printf '{\"ServerURL\":\"%s\",\"Username\":\"u of %s\",\"Secret\":\"p\"}' \"$host\" \"$host\"");
    assert_int_equal(helper_get(&arena, "x", "q.test:5000", deadline_in(5000), &auth, &error), 1);
    assert_string_equal(auth.username, "u of q.test:5000");
    assert_string_equal(auth.password, "p");
    assert_true(!auth.identity_token && !auth.registry_token && !auth.helper);
    assert_int_equal(helper_get(&arena, "x", "docker.io", deadline_in(5000), &auth, &error), 1);
    assert_string_equal(auth.username, "u of https://index.docker.io/v1/");
    make_helper("token", "echo '{\"Username\":\"<token>\",\"Secret\":\"it\"}'");
    assert_int_equal(helper_get(&arena, "token", "q.test", deadline_in(5000), &auth, &error), 1);
    assert_true(strcmp(auth.identity_token, "it") == 0 && !auth.username && !auth.password);
    make_helper("none", "echo 'credentials not found in native keychain'; exit 1");
    assert_int_equal(helper_get(&arena, "none", "q.test", deadline_in(5000), &auth, &error), 0);
    assert_true(!auth.username && !auth.identity_token && !auth.helper);
    make_helper("deaf", "echo '{\"Username\":\"u\",\"Secret\":\"p\"}'"); /* reads nothing of what it is told */
    assert_int_equal(helper_get(&arena, "deaf", "q.test", deadline_in(5000), &auth, &error), 1);
    static const struct {
        const char *body, *part;
    } wrong[] = {
        {"exit 3", "exit status 3"}, {"echo no way; exit 1", "no way"}, {"echo", "is no login"}, {"echo '{}'", "is no login"}, {"echo '[]'", "is no login"}, {"echo '{\"Username\":\"u\"}'", "is no login"},
        {"echo '{\"Username\":\"u\",\"Secret\":\"\"}'", "is no login"}, {"echo '{\"Secret\":\"p\"}'", "is no login"}, {"echo '{\"Username\":\"u\",\"Secret\":\"p\"'", "is no login"},
        {"echo '{\"Username\":1,\"Secret\":\"p\"}'", "is no login"}, {"echo '{\"Username\":\"u\",\"Secret\":\"p\\u0000\"}'", "is no login"}, {"echo 'credentials not found in native keychain'", "is no login"}, {"kill -9 $$", ""},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        error_clear(&error);
        make_helper("wrong", wrong[i].body);
        CHECK(helper_get(&arena, "wrong", "q.test", deadline_in(5000), &auth, &error) == -1 && error.reason == REASON_NO_CREDENTIALS, "%s", wrong[i].body);
        CHECK(strstr(error_text(&error, &arena), "docker-credential-wrong") && strstr(error.cause, wrong[i].part), "%s: %s", wrong[i].body, error_text(&error, &arena));
        CHECK(!auth.username && !auth.password && !auth.identity_token, "%s", wrong[i].body);
    }
    make_helper("slow", "exec sleep 20");
    assert_int_equal(helper_get(&arena, "slow", "q.test", deadline_in(200), &auth, &error), -1);
    assert_int_equal(error.reason, REASON_TIMEOUT);
    assert_int_equal(helper_get(&arena, "missing", "q.test", deadline_in(5000), &auth, &error), -1);
    assert_int_equal(error.reason, REASON_NO_CREDENTIALS);
    assert_int_equal(helper_get(&arena, "../bin/x", "q.test", deadline_in(5000), &auth, &error), -1);
    assert_int_equal(error.reason, REASON_NO_CREDENTIALS);
}

/* Files that leave registries to helpers. */
static void test_left_to_helpers(void **state)
{
    (void)state;
    make_helper("x", "read host; echo \"{\\\"Username\\\":\\\"$host\\\",\\\"Secret\\\":\\\"p\\\"}\"");
    make_helper("none", "echo 'credentials not found in native keychain'; exit 1");
    make_helper("ecr-login", "exit 7");
    static const struct {
        const char *config, *registry, *repository;
        bool is_ecr;
        const char *user;
    } rows[] = {
        {"{\"credHelpers\":{\"q.test\":\"x\"}}", "q.test", "a/b", false, "q.test"}, {"{\"credHelpers\":{\"q.test\":\"x\"}}", "r.test", "a/b", false, NULL},
        {"{\"credHelpers\":{\"q.test\":\"missing\"}}", "q.test", "a/b", false, "!"}, {"{\"credHelpers\":{\"q.test\":\"none\"}}", "q.test", "a/b", false, NULL},
        {"{\"credsStore\":\"x\",\"auths\":{\"q.test\":{}}}", "q.test", "a/b", false, "q.test"}, {"{\"credsStore\":\"x\"}", "q.test", "a/b", false, NULL},
        {"{\"credsStore\":\"x\",\"auths\":{\"https://index.docker.io/v1/\":{}}}", "docker.io", "library/a", false, "https://index.docker.io/v1/"},
        {"{\"credHelpers\":{\"q.test:5000\":\"x\"}}", "q.test:5000", "a/b", false, "q.test:5000"}, {"{\"credHelpers\":{\"q.test\":\"../x\"}}", "q.test", "a/b", false, "!"},
        /* A namespace is a matter of the file; the helper knows registries. */
        {"{\"credHelpers\":{\"q.test\":\"x\"},\"auths\":{\"q.test/a\":{}}}", "q.test", "a/b", false, "q.test"}, {"{\"credsStore\":\"x\",\"auths\":{\"q.test/a\":{}}}", "q.test", "a/b", false, "q.test"},
        /* This program is that helper itself, but for registries of Amazon ECR alone. */
        {"{\"credHelpers\":{\"q.test\":\"ecr-login\"}}", "q.test", "a/b", true, "?ecr-login"}, {"{\"credHelpers\":{\"q.test\":\"ecr-login\"}}", "q.test", "a/b", false, "!"},
        {"{\"credsStore\":\"ecr-login\",\"auths\":{\"q.test\":{}}}", "q.test", "a/b", true, "?ecr-login"}, {"{\"credHelpers\":{\"q.test\":\"x\"}}", "q.test", "a/b", true, "q.test"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *file = write_file(folder, "auth.json", rows[i].config);
        CHECK_TEXT(user_for(file, rows[i].registry, rows[i].repository, rows[i].is_ecr), rows[i].user, "%s", rows[i].config);
    }
    make_helper("ecr-login", "echo '{\"Username\":\"theirs\",\"Secret\":\"p\"}'"); /* for a registry that is none of ECR's it is asked */
    assert_string_equal(user_for(write_file(folder, "auth.json", rows[12].config), "q.test", "a/b", false), "theirs");
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(test_namespaces), CASE(test_places), CASE(test_helper_get), CASE(test_left_to_helpers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
