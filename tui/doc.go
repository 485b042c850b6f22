// Package tui is the terminal console: it draws the state of engine and evidence, and has none of their
// logic.
//
// How it fits together:
//
//   - Desk is what the console works on: where to look, and what may be started. main lays it out.
//   - console (console.go) is the one Bubble Tea model. It holds the screens, the jobs and whatever lies
//     over a screen: help, a dialog, the command bar.
//   - A screen (screen.go) answers three questions: what is drawn, what can be done (its actions), and what
//     a key means that no action takes. Screens are plain structs; they are no models.
//   - Everything is drawn as lines of spans (span.go): text with a style's name, never escape sequences.
//     One place (frame.go) makes text harmless, cuts it to the width and turns styles into colours, so that
//     nothing from data or names reaches the terminal as it came.
//   - Nothing in Update waits. What reads or connects runs in a loader (load.go); its result comes back as a
//     message.
//   - Jobs (jobs.go) are polled ten times a second while one runs; no worker ever sends to the screen.
//
// Without Desk.Work there is no code path that starts or writes anything: --read-only is a nil pointer.
package tui
