package engine

import "kustody/evidence"

// Report is the report of a validation or a drill, once its checks are done; nil before, and for other
// jobs. It must not be changed. Its ReportID is "" where no evidence is configured: then it was stored
// nowhere.
func (j *Job) Report() *evidence.Report { return j.report.Load() }
