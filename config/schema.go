package config

import (
	"encoding/json"
	"reflect"
)

// object is a piece of a JSON schema.
type object = map[string]any

// JSONSchema is the JSON schema (draft 2020-12) of a configuration file, made from the struct. It is
// stricter than Load in one way: it knows one spelling of each enumerated word.
func JSONSchema() []byte {
	root := structSchema(reflect.TypeFor[Config](), reflect.ValueOf(*Default()))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "kustody configuration"
	root["$defs"] = object{"variable": object{
		"type": "string", "pattern": `\$\{`, "description": "A text with ${VARIABLE} in it, filled in when the file is read.",
	}}
	data, err := json.MarshalIndent(root, "", "  ")
	if err != nil { // maps, lists and texts only
		panic("config: schema: " + err.Error())
	}
	return append(data, '\n')
}

func structSchema(t reflect.Type, defaults reflect.Value) object {
	props := object{}
	for _, f := range fieldsOf(t) {
		s := fieldSchema(f, defaults.FieldByIndex(f.index))
		s["description"] = f.doc
		props[f.key] = s
		if f.typ == secretType {
			props[f.key+fileSuffix] = object{"type": "string", "description": "File that holds " + f.key + "; one newline at its end is dropped."}
		}
	}
	return object{"type": "object", "additionalProperties": false, "properties": props}
}

func fieldSchema(f field, def reflect.Value) object {
	if own, ok := ownSchema(f.typ); ok {
		return withDefault(own, def)
	}
	switch f.typ.Kind() {
	case reflect.Struct:
		s := structSchema(f.typ, def)
		if _, ok := def.Interface().(toggle); ok {
			return object{"anyOf": []any{object{"type": "boolean"}, variable, s}}
		}
		return s
	case reflect.Slice:
		items := object{"type": "string"}
		if f.enum != nil {
			items = enumSchema(f)
		}
		return withDefault(object{"anyOf": []any{object{"type": "array", "items": items}, items}}, def)
	case reflect.Map:
		return object{"type": "object", "additionalProperties": object{"type": []any{"string", "number", "boolean"}}}
	case reflect.Bool:
		return withDefault(orVariable(object{"type": "boolean"}), def)
	case reflect.String:
		if f.enum != nil {
			return withDefault(enumSchema(f), def)
		}
		return withDefault(object{"type": "string"}, def)
	}
	return withDefault(numberSchema(f), def)
}

func numberSchema(f field) object {
	s := object{"type": "integer"}
	if f.typ.Kind() == reflect.Float64 {
		s["type"] = "number"
	}
	if f.min != nil {
		s["minimum"] = *f.min
	}
	if f.max != nil {
		s["maximum"] = *f.max
	}
	return orVariable(s)
}

func enumSchema(f field) object { return orVariable(object{"enum": f.enum}) }

var variable = object{"$ref": "#/$defs/variable"}

func orVariable(s object) object { return object{"anyOf": []any{s, variable}} }

func withDefault(s object, def reflect.Value) object {
	if d := plain(def); d != nil {
		s["default"] = d
	}
	return s
}

var (
	texts   = object{"type": "array", "items": object{"type": "string"}}
	textMap = object{"type": "object", "additionalProperties": object{"type": "string"}}
	count   = object{"type": "integer", "minimum": 1}
)

// ownSchema is the schema of a type that reads itself.
func ownSchema(t reflect.Type) (object, bool) {
	switch t {
	case secretType:
		return object{"type": "string", "writeOnly": true}, true
	case reflect.TypeFor[Duration]():
		return object{"type": "string"}, true
	case reflect.TypeFor[Size](), reflect.TypeFor[Instant]():
		return object{"type": []any{"integer", "string"}}, true
	case reflect.TypeFor[Groups]():
		return object{"anyOf": []any{object{"type": "boolean"}, variable, texts}}, true
	case reflect.TypeFor[RestoreGroups]():
		return object{"anyOf": []any{object{"type": "boolean"}, variable, texts, textMap}}, true
	case reflect.TypeFor[Partitions]():
		return object{"anyOf": []any{count, variable, object{"type": "object", "additionalProperties": count}}}, true
	case reflect.TypeFor[Topics]():
		return object{"anyOf": []any{texts, object{"type": "string"}, structSchema(t, reflect.ValueOf(Topics{}))}}, true
	case reflect.TypeFor[Schedules]():
		one := structSchema(t.Elem(), reflect.ValueOf(Schedule{}))
		list := object{"type": "array", "items": object{"anyOf": []any{object{"type": "string"}, one}}}
		return object{"anyOf": []any{object{"type": "string"}, list, one}}, true
	}
	return nil, false
}
