package evidence

import "slices"

// Mapping says what a validation is worth for one control of one framework. What satisfied or failed
// it is computed from the checks.
type Mapping struct {
	Control                         string   `json:"control"`
	SatisfiedBy                     []string `json:"satisfied_by"`                      // checks that passed
	FailedBy                        []string `json:"failed_by"`                         // checks that failed
	NotAnsweredBy                   []string `json:"not_answered_by"`                   // checks that were skipped or could not tell
	EvidenceForControl              bool     `json:"evidence_for_control"`              // verdict PASSED, and every record compared
	EvidenceRetentionRequiredYears  *int     `json:"evidence_retention_required_years"` // nil: the framework names none
	EvidenceRetentionConfiguredDays int      `json:"evidence_retention_configured_days"`
	Notes                           []string `json:"notes"`
}

type framework struct {
	name    string
	control string
	years   int // 0: none required
	note    string
}

// The frameworks, with the years for which evidence has to be kept.
var frameworks = []framework{
	{"sox_itgc", "IT General Controls - Backup and Recovery", 7, ""},
	{"gdpr_art32", "Article 32(1)(c) and (d) - Restoring Availability, and Testing It Regularly", 0, "no period is named; evidence holds no personal data"},
	{"hipaa", "45 CFR 164.308(a)(7)(ii) - Data Backup, Disaster Recovery, Testing and Revision", 6, ""},
	{"pci_dss", "Requirement 10.5.1 - Audit Log History Retained and Available", 1, ""},
	{"soc2", "A1.2 and A1.3 - Backup, and Testing of Recovery", 0, "no period is named; auditors look at the period under review"},
	{"mifid2", "Article 16(6) and (7) - Record Keeping", 5, "seven years where the competent authority asks for them"},
	{"cmmc", "MP.L2-3.8.9 - Protect Backups", 6, "3.8.9 asks for the confidentiality of backups, which a restore does not show"},
}

// Frameworks lists the names of all compliance mappings, in the order in which they are shown.
func Frameworks() []string {
	names := make([]string, len(frameworks))
	for i, f := range frameworks {
		names[i] = f.name
	}
	return names
}

// ComplianceMappings computes what the checks are worth for each framework's control.
func ComplianceMappings(checks []Check, level Level, kept Retention) map[string]Mapping {
	passed, failed, silent := []string{}, []string{}, []string{}
	for _, c := range checks {
		switch c.Outcome {
		case Passed:
			passed = append(passed, c.Name)
		case Failed:
			failed = append(failed, c.Name)
		default:
			silent = append(silent, c.Name)
		}
	}
	mappings := make(map[string]Mapping, len(frameworks))
	for _, f := range frameworks {
		mappings[f.name] = Mapping{
			Control:                         f.control,
			SatisfiedBy:                     slices.Clone(passed),
			FailedBy:                        slices.Clone(failed),
			NotAnsweredBy:                   slices.Clone(silent),
			EvidenceForControl:              OverallOf(checks) == Passed && level.EvidenceForControl(),
			EvidenceRetentionRequiredYears:  f.required(),
			EvidenceRetentionConfiguredDays: kept.ConfiguredDays,
			Notes:                           f.notes(level, kept),
		}
	}
	return mappings
}

func (f framework) required() *int {
	if f.years == 0 {
		return nil
	}
	years := f.years
	return &years
}

func (f framework) notes(level Level, kept Retention) []string {
	notes := []string{}
	if !level.EvidenceForControl() {
		notes = append(notes, "level is \""+string(level)+"\": not evidence for this control by itself, because not every record was compared")
	}
	if note := RetentionNote(kept.ConfiguredDays, f.years, kept.From); note != "" {
		notes = append(notes, note)
	}
	if f.note != "" {
		notes = append(notes, f.note)
	}
	return notes
}
