#include "auth/login_file.h"

#include <errno.h>
#include <string.h>

#include "auth/helper_call.h"
#include "auth/stored.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/file_write.h"
#include "base/json_edit.h"

#define LOCK_WAIT_MS 20000 /* another writer holds it for milliseconds, a helper for as long as it asks its user */
#define OWN_HELPER   "ecr-login"

const char *login_file_path(struct arena *arena, const char *flag)
{
    const char *path = flag ? flag : env_get("REGISTRY_AUTH_FILE");
    return path ? arena_strdup(arena, path) : docker_config_path(arena);
}

/* The file while it is changed. */
struct editing {
    struct arena *arena;
    const char *path;
    struct file_lock lock;
    struct docker_config config;
};

static int cannot(struct error *error, const char *path, const char *what, int why)
{
    error_set(error, REASON_REFUSED, path, "cannot %s it: %s", what,
              why == EINVAL ? "it is no regular file" : strerror(why));
    if (why == EPERM)
        error_hint(error, "a file or symlink of another user stands in the way; --authfile names another file");
    else if (why == ETIMEDOUT)
        error_hint(error, "another program holds its lock, or left it behind: remove %s.lock if none runs", path);
    else
        error_hint(error, "--authfile, REGISTRY_AUTH_FILE or DOCKER_CONFIG name another place");
    return -1;
}

static struct json_node root_of(const struct editing *editing)
{
    struct json_node none = {&editing->config.json, 0}; /* of no tokens: nothing exists there */
    return editing->config.path ? json_root(&editing->config.json) : none;
}

/* A member that is there must be of its type: to take it for missing would lose it, or pass over a store. */
static int check_type(const struct editing *editing, struct json_node object, const char *member, enum json_type type,
                      struct error *error)
{
    struct json_node node = json_get(object, member);
    bool proper =
        !json_exists(node) || (json_is(node, type) && (type != JSON_STRING || json_cstr(editing->arena, node)));
    return proper ? 0
                  : error_set(error, REASON_REFUSED, editing->path,
                              "its member %s is not what docker would write there", member);
}

/* Of two members of one name docker joins what is in them; one would be lost here. */
static int check_once(const struct editing *editing, struct json_node root, const char *member, struct error *error)
{
    int count = 0;
    for (struct json_node name = json_first(root); json_exists(name);) {
        count += json_equals(name, member);
        name = json_next(root, json_next(root, name));
    }
    return count > 1 ? error_set(error, REASON_REFUSED, editing->path, "it has more than one member %s", member) : 0;
}

static int check_shape(const struct editing *editing, struct error *error)
{
    struct json_node root = root_of(editing);
    if (check_once(editing, root, "auths", error) < 0 || check_once(editing, root, "credHelpers", error) < 0)
        return -1;
    return check_type(editing, root, "auths", JSON_OBJECT, error) < 0 ||
                   check_type(editing, root, "credHelpers", JSON_OBJECT, error) < 0 ||
                   check_type(editing, root, "credsStore", JSON_STRING, error) < 0
               ? -1
               : 0;
}

static int open_file(struct editing *editing, struct arena *arena, const char *path, int64_t deadline,
                     struct error *error)
{
    const char *real;
    *editing = (struct editing){.arena = arena, .path = path, .lock = FILE_LOCK_NONE};
    if (!path) {
        error_set(error, REASON_REFUSED, "config.json", "there is no HOME to keep it in");
        error_hint(error, "name the file with --authfile or its folder with DOCKER_CONFIG");
        return -1;
    }
    int status = file_resolve(arena, path, &real);
    if (status == 0)
        status = file_lock(path, deadline_earlier(deadline, deadline_in(LOCK_WAIT_MS)), &editing->lock);
    if (status)
        return cannot(error, path, "lock", status);
    if (docker_config_read(&editing->config, arena, real, false, error) == 0 && check_shape(editing, error) == 0)
        return 0;
    error->reason = REASON_REFUSED;
    docker_config_free(&editing->config);
    file_unlock(&editing->lock);
    return -1;
}

static void close_file(struct editing *editing)
{
    docker_config_free(&editing->config);
    file_unlock(&editing->lock);
}

/* Sets a member below "auths", or with NULL takes it out, in the text that the file is to have. */
static int edit(struct editing *editing, const char *key, const char *value, struct error *error)
{
    const char *const path[] = {"auths", key};
    struct buf text = BUF_INIT;
    json_edit(&text, root_of(editing), path, 2, value);
    docker_config_free(&editing->config);
    int status = docker_config_parse(&editing->config, editing->arena, text.data, editing->path, error);
    buf_free(&text);
    return status;
}

static int save(struct editing *editing, struct error *error)
{
    int status = file_replace(editing->path, buf_view(&editing->config.text));
    return status ? cannot(error, editing->path, "write", status) : 0;
}

/* The store for a registry; NULL: the file itself. An empty name in credHelpers means the file, too. */
static const char *store_of(const struct editing *editing, const char *registry)
{
    struct json_node root = root_of(editing);
    const char *own = json_cstr(editing->arena, json_get(json_get(root, "credHelpers"), registry));
    const char *name = own ? own : json_cstr(editing->arena, json_get(root, "credsStore"));
    return name && *name ? name : NULL;
}

static int find_store(const struct editing *editing, const char *registry, const char **name, struct error *error)
{
    *name = store_of(editing, registry);
    return check_type(editing, json_get(root_of(editing), "credHelpers"), registry, JSON_STRING, error);
}

/* Nothing of an older entry stays: its identity token would win over the password. */
static const char *entry_text(struct arena *arena, const char *user, const char *password)
{
    struct docker_auth auth = {.username = user, .password = password};
    return arena_printf(arena, "{\n\t\t\t\"auth\": \"%s\"\n\t\t}", basic_authorization(arena, &auth));
}

static int save_entry(struct editing *editing, const char *registry, const char *entry, struct error *error)
{
    return edit(editing, registry, entry, error) < 0 ? -1 : save(editing, error);
}

/*
 * The store is asked without the lock, for it may ask its user and take half a minute; docker knows no lock anyway. What
 * others write meanwhile is kept: the file is read again.
 */
static int store_with_helper(struct editing *editing, const char *registry, const char *user, const char *password,
                             int64_t deadline, const char *helper, struct error *error)
{
    struct arena *arena = editing->arena;
    const char *path = editing->path;
    close_file(editing);
    if (helper_store(arena, helper, registry, user, password, deadline, error) < 0 ||
        open_file(editing, arena, path, deadline, error) < 0)
        return -1;
    /* An empty entry is how docker knows that the store has something. */
    return save_entry(editing, registry, "{}", error);
}

int login_file_store(struct arena *arena, const char *path, const char *registry, const char *user,
                     const char *password, int64_t deadline, struct login_done *done, struct error *error)
{
    struct editing editing;
    *done = (struct login_done){.helper = NULL};
    if (open_file(&editing, arena, path, deadline, error) < 0)
        return -1;
    int status = find_store(&editing, registry, &done->helper, error);
    done->nothing = done->helper && strcmp(done->helper, OWN_HELPER) == 0;
    if (status == 0 && !done->helper)
        status = save_entry(&editing, registry, entry_text(arena, user, password), error);
    else if (status == 0 && !done->nothing)
        status = store_with_helper(&editing, registry, user, password, deadline, done->helper, error);
    close_file(&editing);
    return status;
}

/* A key of `auths` that means the registry; NULL when there is none (any more). */
static const char *find_key(const struct editing *editing, const char *registry)
{
    struct json_node auths = json_get(root_of(editing), "auths");
    for (struct json_node name = json_first(auths); json_exists(name);) {
        if (docker_config_key_fits(json_string(editing->arena, name), registry))
            return json_cstr(editing->arena, name);
        name = json_next(auths, json_next(auths, name));
    }
    return NULL;
}

static int remove_entries(struct editing *editing, const char *registry, struct error *error)
{
    const char *key = find_key(editing, registry);
    if (!key)
        return 0;
    for (; key; key = find_key(editing, registry))
        if (edit(editing, key, NULL, error) < 0)
            return -1;
    return save(editing, error);
}

/* Without the lock, as for storing. */
static int erase_with_helper(struct editing *editing, const char *registry, int64_t deadline, const char *helper,
                             struct error *error)
{
    struct arena *arena = editing->arena;
    const char *path = editing->path;
    close_file(editing);
    return helper_erase(arena, helper, registry, deadline, error) < 0
               ? -1
               : open_file(editing, arena, path, deadline, error);
}

int login_file_remove(struct arena *arena, const char *path, const char *registry, int64_t deadline,
                      struct login_done *done, struct error *error)
{
    struct editing editing;
    const char *helper = NULL;
    *done = (struct login_done){.helper = NULL};
    if (open_file(&editing, arena, path, deadline, error) < 0)
        return -1;
    int status = find_store(&editing, registry, &helper, error);
    if (helper && strcmp(helper, OWN_HELPER) != 0)
        done->helper = helper;
    done->nothing = !done->helper && !find_key(&editing, registry);
    if (status == 0 && done->helper)
        status = erase_with_helper(&editing, registry, deadline, done->helper, error);
    if (status == 0)
        status = remove_entries(&editing, registry, error);
    close_file(&editing);
    return status;
}

int login_file_registries(struct arena *arena, const char *path, const char ***names, size_t *count,
                          struct error *error)
{
    struct editing reading = {.arena = arena, .path = path, .lock = FILE_LOCK_NONE};
    *count = 0;
    if (docker_config_read(&reading.config, arena, path, false, error) < 0 || check_shape(&reading, error) < 0) {
        close_file(&reading);
        error->reason = REASON_REFUSED;
        return -1;
    }
    struct json_node auths = json_get(root_of(&reading), "auths");
    *names = arena_array(arena, reading.config.json.count + 1, sizeof **names);
    for (struct json_node name = json_first(auths); json_exists(name);) {
        (*names)[(*count)++] = arena_copy(arena, docker_config_key_host(json_string(arena, name)));
        name = json_next(auths, json_next(auths, name));
    }
    close_file(&reading);
    return 0;
}
