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
// Without Desk.Work no job that writes can be started: --read-only is a nil pointer. What the first page offers
// to make (Desk.Offers) is left out by main then.
//
// Where to look. A screen lies in the files that begin with its name; NAME_draw.go has what it draws.
//
//	to change                                      look in
//	what main gives the console                    desk.go, request.go (requests, and their --batch lines)
//	where it opens, how it runs and ends           open.go, program.go, quit.go
//	keys and what they may do                      keys.go; what is typed after a colon: command.go, *_commands.go
//	header, sections, line of state, footer        view.go
//	help, dialogs, messages and errors             help.go, dialog.go, messages.go
//	colours, marks, plain ASCII                    theme.go
//	text: widths, cuts; columns, rules             span.go, frame.go
//	paragraphs, fields behind their names          paragraphs.go
//	how times, numbers and sizes are written       times.go, words.go, units/; and read: times.go, size.go, prompt.go
//	charts of counts over time                     chart.go
//	tables; a table with a preview                 table.go, table_draw.go; listing.go
//	text that scrolls; that is searched            scroller.go, reader.go; textview.go
//	a line of typed text; a question for one       input.go; prompt.go
//	what several screens read                      data.go, load.go
//	the list of backups                            backups*.go
//	a run: topics, partitions, segments            run.go (what is read), run_topics, run_parts, run_segments, run_custody
//	records, one record                            records*.go, record*.go
//	topics of the cluster                          topics.go
//	the check of an archive                        check.go
//	jobs: followed; listed; of other processes     jobs.go; jobs_screen.go; jobs_others.go
//	one job: live; table; one partition; log; end  job.go, job_draw; job_table; job_partition; job_log; job_end
//	progress in the terminal's own frame           progress.go
//	evidence: rows and their verdicts              evidence_book.go, evidence_words
//	evidence: the list, preview, stepping          evidence.go, evidence_draw, evidence_aside, evidence_walk
//	verifying a report, or everything              evidence_verify.go, evidence_verdict, evidence_files
//	a slot without a report                        gap.go
//	one report; one step of its verification       report*.go; step.go
//	the ledger, one entry                          ledger.go, entry.go
//	lines to check by hand                         byhand.go
//	wizards: the frame, forms                      wizard.go, wizard_form
//	wizard pages: run, topics, window, target      wizard_run.go, wizard_topics, wizard_window, wizard_counts, wizard_target
//	restore, its plan, its dry run                 wizard_restore.go, wizard_review, wizard_dryrun
//	backup; drill; validation                      wizard_backup.go; wizard_drill; wizard_validation
//	the first page without a configuration         offers.go
//	a console without a terminal                   tour.go; in tests harness_test.go, year_test.go
package tui
