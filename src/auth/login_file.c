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
    int lock;
    struct docker_config config;
};

static int cannot(struct error *error, const char *path, const char *what, int why)
{
    error_set(error, REASON_REFUSED, path, "cannot %s it: %s", what,
              why == EINVAL ? "it is no regular file" : strerror(why));
    if (why == EPERM)
        error_hint(error, "a symlink of another user stands in the way; --authfile names another file");
    else if (why == ETIMEDOUT)
        error_hint(error, "another program holds the folder's lock");
    else
        error_hint(error, "--authfile, REGISTRY_AUTH_FILE or DOCKER_CONFIG name another place");
    return -1;
}

static int open_file(struct editing *editing, struct arena *arena, const char *path, int64_t deadline,
                     struct error *error)
{
    const char *real;
    *editing = (struct editing){.arena = arena, .path = path, .lock = -1};
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
    if (docker_config_read(&editing->config, arena, real, false, error) == 0)
        return 0;
    error->reason = REASON_REFUSED;
    file_unlock(editing->lock);
    editing->lock = -1;
    return -1;
}

static void close_file(struct editing *editing)
{
    docker_config_free(&editing->config);
    file_unlock(editing->lock);
}

static struct json_node root_of(const struct editing *editing)
{
    struct json_node none = {&editing->config.json, 0};
    return editing->config.path ? json_root(&editing->config.json) : none;
}

/* Sets (or with NULL takes out) a member below "auths". Not written when that changes nothing. */
static int edit(struct editing *editing, const char *registry, const char *value, struct error *error)
{
    const char *const path[] = {"auths", registry};
    struct buf text = BUF_INIT;
    json_edit(&text, root_of(editing), path, 2, value);
    int status = file_replace(editing->path, buf_view(&text));
    buf_free(&text);
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

/* Nothing of an older entry stays: its identity token would win over the password. */
static const char *entry_text(struct arena *arena, const char *user, const char *password)
{
    struct docker_auth auth = {.username = user, .password = password};
    return arena_printf(arena, "{\n\t\t\t\"auth\": \"%s\"\n\t\t}", basic_authorization(arena, &auth));
}

static int store(struct editing *editing, const char *registry, const char *user, const char *password,
                 int64_t deadline, struct login_done *done, struct error *error)
{
    done->helper = store_of(editing, registry);
    if (!done->helper)
        return edit(editing, registry, entry_text(editing->arena, user, password), error);
    done->nothing = strcmp(done->helper, OWN_HELPER) == 0;
    if (done->nothing)
        return 0;
    if (helper_store(editing->arena, done->helper, registry, user, password, deadline, error) < 0)
        return -1;
    return edit(editing, registry, "{}", error); /* how docker knows that the store has something */
}

int login_file_store(struct arena *arena, const char *path, const char *registry, const char *user,
                     const char *password, int64_t deadline, struct login_done *done, struct error *error)
{
    struct editing editing;
    *done = (struct login_done){.helper = NULL};
    if (open_file(&editing, arena, path, deadline, error) < 0)
        return -1;
    int status = store(&editing, registry, user, password, deadline, done, error);
    close_file(&editing);
    return status;
}

static int remove_login(struct editing *editing, const char *registry, int64_t deadline, struct login_done *done,
                        struct error *error)
{
    bool there = json_exists(json_get(json_get(root_of(editing), "auths"), registry));
    const char *name = store_of(editing, registry);
    done->nothing = !there;
    if (name && strcmp(name, OWN_HELPER) != 0) {
        done->helper = name;
        if (helper_erase(editing->arena, name, registry, deadline, error) < 0)
            return -1;
        done->nothing = false;
    }
    return there ? edit(editing, registry, NULL, error) : 0;
}

int login_file_remove(struct arena *arena, const char *path, const char *registry, int64_t deadline,
                      struct login_done *done, struct error *error)
{
    struct editing editing;
    *done = (struct login_done){.helper = NULL};
    if (open_file(&editing, arena, path, deadline, error) < 0)
        return -1;
    int status = remove_login(&editing, registry, deadline, done, error);
    close_file(&editing);
    return status;
}

int login_file_registries(struct arena *arena, const char *path, const char ***names, size_t *count,
                          struct error *error)
{
    struct docker_config config;
    *count = 0;
    if (docker_config_read(&config, arena, path, false, error) < 0) {
        error->reason = REASON_REFUSED;
        return -1;
    }
    struct json_node auths = {&config.json, 0};
    if (config.path)
        auths = json_get(json_root(&config.json), "auths");
    *names = arena_array(arena, config.json.count + 1, sizeof **names);
    for (struct json_node name = json_first(auths); config.path && json_exists(name);) {
        const char *text = json_cstr(arena, name);
        if (text)
            (*names)[(*count)++] = text;
        name = json_next(auths, json_next(auths, name));
    }
    docker_config_free(&config);
    return 0;
}
