package engine

// Selection says which topics a job takes. main fills it from the configuration's patterns.
type Selection struct {
	Include   []string                              // as written, for documents and messages
	Exclude   []string                              //
	Match     func(name string, internal bool) bool // nil takes every topic that is not internal
	Unmatched func(names []string) []string         // names and patterns of Include that match none of names
}

func (s Selection) match(name string, internal bool) bool {
	if s.Match == nil {
		return !internal
	}
	return s.Match(name, internal)
}

func (s Selection) unmatched(names []string) []string {
	if s.Unmatched == nil {
		return nil
	}
	return s.Unmatched(names)
}
