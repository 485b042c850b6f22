package evidence

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

type strictDoc struct {
	Overall string            `json:"overall"`
	Count   int64             `json:"count"`
	Offset  *Int64            `json:"offset"`
	List    []strictItem      `json:"list"`
	Free    map[string]string `json:"free"`
	File    RootedFile        `json:"file"`
}

type strictItem struct {
	Name string `json:"name"`
}

func TestE22_TwoReadersOneVerdict(t *testing.T) {
	tests := []struct{ name, in, err string }{
		{"good", `{"overall":"FAILED","count":1,"offset":"5","list":[{"name":"a"}],"free":{"x":"1"},"file":{"root":"archive","key":"k","sha256":"s","size":1}}`, ""},
		{"escaped", `{"overall":"a\u00e9\ud83d\ude00\\ \ufffd \""}`, ""},
		{"key twice", `{"overall":"FAILED","overall":"PASSED"}`, "overall: the key is there twice"},
		{"key twice by escape", `{"overall":"FAILED","over\u0061ll":"PASSED"}`, "twice"},
		{"case", `{"overall":"FAILED","OVERALL":"PASSED"}`, `OVERALL: the key differs from "overall" in case alone`},
		{"case, alone", `{"OVERALL":"PASSED"}`, "OVERALL: unknown key"},
		{"case by folding", `{"li\u017ft":[]}`, "unknown key"},
		{"case in a map", `{"free":{"a":"1","A":"2"}}`, "free.A: the key differs"},
		{"folding in a map", `{"free":{"k":"1","\u212a":"2"}}`, "differs"},
		{"deep", `{"list":[{"name":"a"},{"name":"b","name":"c"}]}`, "list[1].name: the key is there twice"},
		{"unknown", `{"list":[{"nam":"a"}]}`, "list[0].nam: unknown key"},
		{"unknown in promoted", `{"file":{"File":{}}}`, "file.File: unknown key"},
		{"trailing", `{"overall":"FAILED"}{"overall":"PASSED"}`, "more after the end"},
		{"trailing text", `{"overall":"FAILED"} x`, "more after the end"},
		{"not UTF-8", "{\"overall\":\"\xff\"}", "UTF-8"},
		{"half a pair", `{"overall":"\ud800"}`, "surrogate"},
		{"half a pair beside its stand-in", `{"overall":"\ufffd\udc00"}`, "surrogate"},
		{"offset as number", `{"offset":5}`, "not a string"},
		{"offset with zeros", `{"offset":"05"}`, "not a decimal"},
		{"offset beyond", `{"offset":"9223372036854775808"}`, "not a decimal"},
		{"count beyond", `{"count":9223372036854775808}`, "count"},
		{"nested", strings.Repeat(`[`, 100000), "nested deeper"},
		{"nested in unknown", `{"free":` + strings.Repeat(`{"a":`, 70), "nested deeper"},
		{"cut", `{"overall":"FAILED"`, "neither"},
		{"cut string", `{"overall":"FAI\`, "no end"},
		{"no colon", `{"overall" "x"}`, "colon"},
		{"comma", `{"overall":"x",}`, "key is missing"},
		{"nothing", ``, "ends too early"},
		{"bare word", `{"count":one}`, "invalid character"},
		{"control character", "{\"overall\":\"a\nb\"}", "invalid character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var doc strictDoc
			err := DecodeStrict([]byte(tt.in), &doc)
			if tt.err == "" {
				must(t, err)
				return
			}
			wantError(t, err, tt.err)
			var strict *StrictError
			if !errors.As(err, &strict) {
				t.Errorf("%T is not a *StrictError", err)
			}
		})
	}
}

func TestDecodeStrictRoundTrip(t *testing.T) {
	n := Int64(9007199254740993)
	in := strictDoc{Overall: "<&> \u2028 é", Count: 1 << 60, Offset: &n, List: []strictItem{{"a"}, {""}}, Free: map[string]string{"b": "\"", "a": "\\u0041"}}
	body, err := Encode(in)
	must(t, err)
	var out strictDoc
	must(t, DecodeStrict(body, &out))
	again, err := Encode(out)
	must(t, err)
	if !bytes.Equal(body, again) {
		t.Errorf("%s\n%s", body, again)
	}
	if !strings.Contains(string(body), "<&>") || !strings.HasSuffix(string(body), "}\n") {
		t.Errorf("encoding: %s", body)
	}
}

func TestNewerFormatIsSaid(t *testing.T) {
	err := CheckFormat([]byte(`{"format":2,"kind":"report","new_thing":1}`), KindReport)
	wantError(t, err, "newer")
	wantError(t, CheckFormat([]byte(`{"format":1,"kind":"manifest"}`), KindReport), `"manifest"`)
	wantError(t, CheckFormat([]byte(`{"kind":"report"}`), KindReport), "none that kustody ever wrote")
	wantError(t, CheckFormat([]byte(`hello`), KindReport), "no document")
}

// Whatever is accepted must mean the same after it is written again: signed bytes have one meaning.
func FuzzDecodeStrict(f *testing.F) {
	f.Add([]byte(`{"overall":"FAILED","count":1,"offset":"5","list":[{"name":"a"}],"free":{"x":"1"}}`))
	f.Add([]byte(`{"overall":"a","OVERALL":"b"}`))
	f.Add([]byte(`{"free":{"\u0041":"\ud83d\ude00"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var doc strictDoc
		if DecodeStrict(data, &doc) != nil {
			return
		}
		first, err := Encode(doc)
		must(t, err)
		var again strictDoc
		must(t, DecodeStrict(first, &again))
		second, err := Encode(again)
		must(t, err)
		if !bytes.Equal(first, second) {
			t.Errorf("%q becomes\n%s and then\n%s", data, first, second)
		}
	})
}
