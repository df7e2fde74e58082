// Package browser holds the tests that use the product as people do: a demo
// company is served on a loopback address and a real browser opens chats, types
// commands, presses buttons, fills in forms and drops files, at phone and at
// desktop width. With -update the tests also take the pictures of the README.
package browser
