#ifndef ECR_ECR_CALL_H
#define ECR_ECR_CALL_H

#include "base/json_write.h"
#include "ecr/api.h"

/* What the operations of ECR's API have in common: the files of this room use it. */

#define ECR_REPLY_MAX (8 << 20) /* a page of 1,000 images with 1,000 tags each stays below */
#define ECR_PAGE_ROWS 1000
#define ECR_PAGES_MAX 120 /* 100,000 images a repository, 1,000 a page */

/* Begins a request's body with the account of the registry. */
void ecr_request_open(const struct ecr_api *api, struct buf *body);

/* Sends a whole body, and parses the reply. A denial's error names the IAM action. */
int ecr_send(const struct ecr_api *api, const char *operation, struct slice body, size_t limit, struct arena *arena,
             struct json *reply, struct error *error);

/* Closes and sends the body, which is freed, and parses the reply. A denial's error names the IAM action. */
int ecr_call(const struct ecr_api *api, const char *operation, struct buf *body, size_t limit, struct arena *arena,
             struct json *reply, struct error *error);

/*
 * The same for one page of a listing. `token` holds that of the page, nothing for the first, and then the next one's,
 * nothing at the end; *rows is the array of that member name.
 */
int ecr_call_page(const struct ecr_api *api, const char *operation, struct buf *body, struct buf *token,
                  const char *member, struct arena *arena, struct json *reply, struct json_node *rows,
                  struct error *error);

/* Whether a call failed because the time of the image it was made for was over: that says nothing to the next one. */
bool ecr_out_of_time(const struct ecr_api *api, const struct error *error);

/* The errors bad-reply for a reply about something else, and for pages without an end. Both return -1. */
int ecr_not_what_was_asked(const struct ecr_api *api, const char *operation, struct error *error);
int ecr_too_many_pages(const struct ecr_api *api, const char *operation, struct error *error);

#endif
