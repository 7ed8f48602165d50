import type { components as DeviceComponents } from './generated/device-service.ts';
import type { components as HubComponents } from './generated/hub-service.ts';
import type { components as WorkflowComponents } from './generated/workflow-service.ts';

type OfDevices = DeviceComponents['schemas'];
type OfWorkflows = WorkflowComponents['schemas'];
type OfPeople = HubComponents['schemas'];

export type Device = OfDevices['Device'];
export type DeviceView = OfDevices['DeviceView'];
export type DeviceEvent = OfDevices['DeviceEvent'];
export type DeviceOperation = OfDevices['Operation'];
export type Booking = OfDevices['Booking'];
export type QueueEntry = OfDevices['QueueEntry'];
export type WaitingEntry = OfDevices['WaitingEntry'];
export type WaitTime = OfDevices['WaitTime'];
export type Execution = OfDevices['Execution'];
export type Priority = OfDevices['Priority'];

export type Workflow = OfWorkflows['Workflow'];
export type WorkflowStatus = OfWorkflows['WorkflowStatus'];
export type WorkflowEvent = OfWorkflows['WorkflowEvent'];
export type Step = OfWorkflows['Step'];
export type Sample = OfWorkflows['Sample'];
export type Plate = OfWorkflows['Plate'];

export type Task = OfPeople['Task'];
export type TaskHistoryEntry = OfPeople['TaskHistoryEntry'];
export type Notification = OfPeople['Notification'];
export type Subscription = OfPeople['Subscription'];
export type StoredFile = OfPeople['StoredFile'];
export type Result = OfPeople['Result'];
export type ChatMessage = OfPeople['ChatMessage'];
export type ChatRoom = OfPeople['RoomRow'];
export type User = OfPeople['User'];

export type AuditEntry = OfDevices['AuditEntry'];
export type AuditHead = OfDevices['AuditHead'];
