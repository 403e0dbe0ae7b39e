#ifndef ECR_ECR_MANAGE_H
#define ECR_ECR_MANAGE_H

#include "ecr/call.h"
#include "ecr/operation.h"

/*
 * Calls of commands that show and change what a registry is made of. Unlike a check they take each error code for what it
 * means to a person who manages: an error starts with the thing that the call is about, and says what to do next.
 */

/* Begins a request's body about a repository; "" for one about the registry. */
void ecr_manage_open(const struct ecr_api *api, const char *repository, struct buf *body);

/* An image's id, as a member unless `member` is NULL; NULL for the tag or the digest that is not given. */
void ecr_manage_image_id(struct buf *body, const char *member, const char *tag, const char *digest);

/*
 * Closes, sends and frees the body. The reply, in `arena`, has what an answer to the operation must have. -1 with an
 * error: bad-reply for one that says nothing about what was asked for.
 */
int ecr_manage(const struct ecr_api *api, const char *operation, const char *thing, struct buf *body,
               struct arena *arena, struct json_node *reply, struct error *error);

/* Turns the error of a call into one about the thing. Returns -1. */
int ecr_explain(const struct ecr_api *api, const char *thing, struct error *error);

/* The rows of a listing. */
struct ecr_rows {
    struct json_node *list;
    size_t count;
};

/* The same for all pages of a listing, `page_rows` a page (0: as many as the service gives). */
int ecr_manage_pages(const struct ecr_api *api, const char *operation, const char *thing, struct buf *body,
                     int page_rows, struct arena *arena, struct ecr_pages *pages, struct error *error);

/* The rows of all pages. -1 with an error if a page has none, or something else among them. */
int ecr_rows_of(const struct ecr_api *api, const char *operation, const struct ecr_pages *pages, struct arena *arena,
                struct ecr_rows *rows, struct error *error);

/* Both. */
int ecr_manage_list(const struct ecr_api *api, const char *operation, const char *thing, struct buf *body,
                    int page_rows, struct arena *arena, struct ecr_rows *rows, struct error *error);

/* Whether the service answered with this error code. */
bool ecr_error_is(const struct error *error, const char *code);

#endif
