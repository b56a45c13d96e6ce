// Package client speaks Discord's protocol: requests and their limits, the
// gateway, uploads and the CDN. It knows nothing of what is said.
//
// Gateway and types are disgo's. Requests go through a client of our own, because
// of what disgo's does not do: obey global rate limits, stream uploads, repeat
// what failed halfway, keep file names out of headers, and ping nobody.
//
// Errors are faults, with a *rest.Error in their tree if Discord answered.
package client
