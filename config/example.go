package config

import _ "embed"

//go:embed example.toml
var example string

// Example is a commented configuration in TOML that loads, for the console and the documentation.
func Example() string { return example }
