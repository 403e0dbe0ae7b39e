#ifndef ECR_NET_PEM_H
#define ECR_NET_PEM_H

#include "base/buf.h"

/*
 * Takes the next block off PEM text (RFC 7468): its label ("CERTIFICATE") and the bytes that it stands for, which
 * replace what `der` held. Returns 1, 0 at the end of the text, -1 for a block that is not closed or not base64 (an
 * encrypted key has header lines); the text is advanced behind that one too.
 */
int pem_next(struct slice *text, struct slice *label, struct buf *der);

#endif
