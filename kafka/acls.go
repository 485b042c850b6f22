package kafka

import (
	"context"
	"errors"
	"fmt"
	"sort"

	rd "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// ACL is one rule of the cluster's authorizer. All fields are Kafka's own names, in upper case
// (TOPIC, LITERAL, READ, ALLOW).
type ACL struct {
	Resource   string // TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID; UNKNOWN for the types that librdkafka does not know
	Name       string
	Pattern    string // LITERAL or PREFIXED
	Principal  string // User:alice
	Host       string // * or an address
	Operation  string
	Permission string // ALLOW or DENY
}

// ErrNoAuthorizer says that the cluster has no authorizer: there are no ACLs, and none can be made.
var ErrNoAuthorizer = errors.New("the cluster has no authorizer configured")

// ACLs lists every ACL of the cluster in a stable order. Without an authorizer it gives ErrNoAuthorizer.
func (a *Admin) ACLs(ctx context.Context) ([]ACL, error) {
	filter := rd.ACLBindingFilter{
		Type:                rd.ResourceAny,
		ResourcePatternType: rd.ResourcePatternTypeAny,
		Operation:           rd.ACLOperationAny,
		PermissionType:      rd.ACLPermissionTypeAny,
	}
	return read(ctx, a, "list ACLs", func(ctx context.Context) ([]ACL, error) {
		res, err := a.client.DescribeACLs(ctx, filter)
		if err == nil {
			err = failure(res.Error)
		}
		if err != nil {
			return nil, aclError(err)
		}
		sort.Sort(res.ACLBindings)
		acls := make([]ACL, len(res.ACLBindings))
		for i, b := range res.ACLBindings {
			acls[i] = aclOf(b)
		}
		return acls, nil
	})
}

func aclOf(b rd.ACLBinding) ACL {
	resource := b.Type.String()
	if b.Type == rd.ResourceBroker {
		resource = "CLUSTER" // as Kafka's own tools name it
	}
	return ACL{
		Resource:   resource,
		Name:       b.Name,
		Pattern:    b.ResourcePatternType.String(),
		Principal:  b.Principal,
		Host:       b.Host,
		Operation:  b.Operation.String(),
		Permission: b.PermissionType.String(),
	}
}

// CreateACLs makes the rules; one that is there already is no error. Those that are refused come back
// as one error that names each.
func (a *Admin) CreateACLs(ctx context.Context, acls []ACL) error {
	if len(acls) == 0 {
		return nil
	}
	bindings := make(rd.ACLBindings, len(acls))
	for i, acl := range acls {
		b, err := acl.binding()
		if err != nil {
			return fmt.Errorf("create ACL: %w", err)
		}
		bindings[i] = b
	}
	_, err := ask(ctx, a, "create ACLs", func(ctx context.Context) (struct{}, error) {
		res, err := a.client.CreateACLs(ctx, bindings)
		if err != nil {
			return struct{}{}, aclError(err)
		}
		var errs []error
		for i, r := range res {
			if err := failure(r.Error); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", acls[i], aclError(err)))
			}
		}
		return struct{}{}, errors.Join(errs...)
	})
	return err
}

// String is the rule in one line, for messages.
func (acl ACL) String() string {
	return fmt.Sprintf("%s %s %s on %s %s %q from %s", acl.Permission, acl.Principal, acl.Operation, acl.Pattern, acl.Resource, acl.Name, acl.Host)
}

func (acl ACL) binding() (rd.ACLBinding, error) {
	var err error
	b := rd.ACLBinding{Name: acl.Name, Principal: acl.Principal, Host: acl.Host}
	resource := acl.Resource
	if resource == "CLUSTER" {
		resource = "BROKER"
	}
	if b.Type, err = rd.ResourceTypeFromString(resource); err != nil {
		return b, fmt.Errorf("resource type %q: %w", acl.Resource, err)
	}
	if b.ResourcePatternType, err = rd.ResourcePatternTypeFromString(acl.Pattern); err != nil {
		return b, fmt.Errorf("pattern type %q: %w", acl.Pattern, err)
	}
	if b.Operation, err = rd.ACLOperationFromString(acl.Operation); err != nil {
		return b, fmt.Errorf("operation %q: %w", acl.Operation, err)
	}
	if b.PermissionType, err = rd.ACLPermissionTypeFromString(acl.Permission); err != nil {
		return b, fmt.Errorf("permission %q: %w", acl.Permission, err)
	}
	return b, nil
}

func aclError(err error) error {
	if e, ok := errors.AsType[rd.Error](err); ok && e.Code() == rd.ErrSecurityDisabled {
		return ErrNoAuthorizer
	}
	return err
}
