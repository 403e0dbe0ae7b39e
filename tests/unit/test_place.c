/* Places as people type them: registries, layouts, archives, the daemon; a tag behind a path, and paths with colons. */
#include <fcntl.h>

#include "unit.h"

#include "move/place.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* "KIND PATH|IMAGE [TAG]" in one line; of what is none "!cause". */
static const char *shown(const char *text)
{
    static const char *const kinds[] = {"registry", "oci", "oci-archive", "docker-archive", "docker"};
    struct place place;
    if (place_parse(&arena, text, &place, &error) < 0) {
        CHECK(error.reason == REASON_USAGE && slice_ends(slice_of(text), error.subject), "%s", text);
        return arena_printf(&arena, "!%s", error.cause);
    }
    CHECK(place.text == text && place.fd == -1, "%s", text);
    if (place.kind == PLACE_REGISTRY || place.kind == PLACE_DAEMON)
        return arena_printf(&arena, "%s %s", kinds[place.kind], place.reference.text ? place.reference.normal : "-");
    return arena_printf(&arena, "%s %s%s%s%s", kinds[place.kind], place.path, place.tag ? " " : "",
                        place.tag ? place.tag : "", place_is_stream(&place) ? " (stream)" : "");
}

#define NO_TAG  "!a tag has 1 to 128 letters, digits, '_', '.' and '-', and begins with none of the last two"
#define NO_PATH "!the name of a file or a folder is missing"

static void test_places(void **state)
{
    (void)state;
    const struct {
        const char *text, *want;
    } rows[] = {
        {"registry.test/team/app:v1", "registry registry.test/team/app:v1"},
        {"app", "registry docker.io/library/app:latest"},
        {"registry.test:5000/app@sha256:" HEX, "registry registry.test:5000/app@sha256:" HEX},
        {"app:v1:v2",
         "!a repository has lower-case letters and digits, with '.', '_', '-' between them, in parts set apart by '/'"},
        {"", "!it is empty"},
        {"oci", "registry docker.io/library/oci:latest"},
        {"docker/x", "registry docker.io/docker/x:latest"},
        {"OCI:dir",
         "!a repository has lower-case letters and digits, with '.', '_', '-' between them, in parts set apart by '/'"},

        {"oci:dir", "oci dir"},
        {"oci:dir:v1", "oci dir v1"},
        {"oci:/a/b:v1", "oci /a/b v1"},
        {"oci:/a:b/c", "oci /a:b/c"},
        {"oci:/a:b/c:v1", "oci /a:b/c v1"},
        {"oci:a:b:v1", "oci a:b v1"},
        {"oci:.", "oci ."},
        {"oci:..:v1", "oci .. v1"},
        {"oci:-", "oci -"},
        {"oci:a b:v_1.0-x", "oci a b v_1.0-x"},
        {"oci:", NO_PATH},
        {"oci::v1", NO_PATH},
        {"oci:dir:", NO_TAG},
        {"oci:dir:-v1", NO_TAG},
        {"oci:dir:v 1", NO_TAG},
        {"oci::", NO_TAG},
        {"oci:dir:v1@x", NO_TAG},
        {arena_printf(&arena, "oci:dir:%s", repeat("v", 128)), arena_printf(&arena, "oci dir %s", repeat("v", 128))},
        {arena_printf(&arena, "oci:dir:%s", repeat("v", 129)), NO_TAG},

        {"oci-archive:a.tar", "oci-archive a.tar"},
        {"oci-archive:a.tar:v1", "oci-archive a.tar v1"},
        {"oci-archive:-", "oci-archive - (stream)"},
        {"oci-archive:-:v1", "oci-archive - v1 (stream)"},
        {"oci-archive:./-", "oci-archive ./-"},
        {"oci-archive:", NO_PATH},
        {"oci-archive::v1", NO_PATH},
        {"oci-archive:a.tar:", NO_TAG},

        {"docker-archive:a.tar", "docker-archive a.tar"},
        {"docker-archive:-", "docker-archive - (stream)"},
        {"docker-archive:a.tar:v1", "docker-archive a.tar:v1"},
        {"docker-archive:-:v1", "docker-archive -:v1"},
        {"docker-archive:", NO_PATH},
        {"docker-archive:a:", "docker-archive a:"},

        {"docker:app:v1", "docker docker.io/library/app:v1"},
        {"docker:registry.test/app", "docker registry.test/app:latest"},
        {"docker:", "docker -"},
        {"docker:App",
         "!a repository has lower-case letters and digits, with '.', '_', '-' between them, in parts set apart by '/'"},
        {"docker::v1", "!it has no repository"},
        {"docker:" HEX, "!64 hexadecimal digits are an image's id, which only a daemon knows; name the repository"},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(shown(rows[i].text), rows[i].want, "%s", rows[i].text);
}

/* Something that is there has its whole name, whatever stands behind its last colon. */
static void test_names_with_colons(void **state)
{
    (void)state;
    const char *folder = new_folder(), *file = write_file(folder, "a:v1", ""), *odd = write_file(folder, "b:", "");
    const struct {
        const char *text, *want;
    } rows[] = {
        {arena_printf(&arena, "oci:%s", file), arena_printf(&arena, "oci %s", file)},
        {arena_printf(&arena, "oci:%s:v2", file), arena_printf(&arena, "oci %s v2", file)},
        {arena_printf(&arena, "oci-archive:%s", odd), arena_printf(&arena, "oci-archive %s", odd)},
        {arena_printf(&arena, "oci:%s/a:v2", folder), arena_printf(&arena, "oci %s/a v2", folder)},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(shown(rows[i].text), rows[i].want, "%s", rows[i].text);
    remove_folder(folder);
}

static void test_same_repository(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } rows[] = {
        {"registry.test/app:v1", "registry.test/app:v2", true},
        {"REGISTRY.test/app", "registry.test/app@sha256:" HEX, true},
        {"app", "docker.io/library/app:v1", true},
        {"registry.test/app", "registry.test/apps", false},
        {"registry.test/app", "registry.test:443/app", false},
        {"one.test/app", "other.test/app", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct place one, other;
        assert_int_equal(place_parse(&arena, rows[i].one, &one, &error), 0);
        assert_int_equal(place_parse(&arena, rows[i].other, &other, &error), 0);
        CHECK(place_same_repository(&one.reference, &other.reference) == rows[i].same, "%s, %s", rows[i].one,
              rows[i].other);
    }
}

RUN(TEST(test_places), TEST(test_names_with_colons), TEST(test_same_repository))
