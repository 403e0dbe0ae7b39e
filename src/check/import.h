#ifndef ECR_CHECK_IMPORT_H
#define ECR_CHECK_IMPORT_H

#include "check/item.h"
#include "check/session.h"

/*
 * Has ECR import an image that a pull-through cache rule covers, by asking its registry for the manifest as a pull
 * does. The verdict becomes that of the upstream. ECR says 404 as well when the caller may not import: then the upstream
 * itself is asked, and only its own word makes an image absent.
 */
void import_image(struct session *session, struct item *item);

#endif
