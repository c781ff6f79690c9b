// Verifies tokens with golang-jwt when told to, and says how much CPU that took.
// First line of the input: {"RS256": {"pem": "…", "tokens": ["…"]}, …, "issuer": "…", "audience": "…"} split as below.
// Each further line: an algorithm and a count. The answer: nanoseconds of CPU, or "failed".
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/golang-jwt/jwt/v5"
)

type material struct {
	Pem    string   `json:"pem"`
	Tokens []string `json:"tokens"`
}

type input struct {
	Issuer    string              `json:"issuer"`
	Audience  string              `json:"audience"`
	Materials map[string]material `json:"materials"`
}

func cpu() int64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func main() {
	runtime.GOMAXPROCS(1)
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	first, err := lines.ReadBytes('\n')
	var all input
	if err != nil || json.Unmarshal(first, &all) != nil {
		os.Exit(1)
	}
	keys := map[string]any{}
	parsers := map[string]*jwt.Parser{}
	for alg, one := range all.Materials {
		block, _ := pem.Decode([]byte(one.Pem))
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			os.Exit(1)
		}
		keys[alg] = key
		parsers[alg] = jwt.NewParser(jwt.WithValidMethods([]string{alg}), jwt.WithIssuer(all.Issuer),
			jwt.WithAudience(all.Audience), jwt.WithExpirationRequired())
	}
	fmt.Println("ready")
	for {
		var alg string
		var count int
		if _, err := fmt.Fscanln(lines, &alg, &count); err != nil {
			return
		}
		tokens, parser, key := all.Materials[alg].Tokens, parsers[alg], keys[alg]
		before := cpu()
		good := true
		for i := 0; i < count; i++ {
			_, err := parser.Parse(tokens[i%len(tokens)], func(*jwt.Token) (any, error) { return key, nil })
			good = good && err == nil
		}
		if !good {
			fmt.Println("failed")
			continue
		}
		fmt.Println(cpu() - before)
	}
}
